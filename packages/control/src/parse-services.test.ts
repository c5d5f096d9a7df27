import test from 'ava';
import { InvalidConfigError } from './config-error.js';
import { parseServices } from './parse-services.js';

const web = '{ name: web, vip: 198.51.100.1, port: 80, backends: [ { address: 10.0.0.1 } ] }';

test('services stand in a list, beside other sections, or alone', (t) => {
  for (const text of [`services:\n  - ${web}\n`, `node: { interfaces: [eth0] }\nservices: [ ${web} ]\n`, web]) {
    const [service, ...more] = parseServices(text, 'f');
    t.is(service?.name, 'web');
    t.deepEqual(more, []);
  }
});

test('a service stays as its author wrote it, without defaults', (t) => {
  t.deepEqual(Object.keys(parseServices(web, 'f')[0] ?? {}), ['name', 'vip', 'port', 'backends']);
});

test('what is wrong is told with its path, and what was meant', (t) => {
  const text = 'services:\n  - { name: web, vip: 198.51.100.1, port: 80, methd: nat, backends: [ { address: x } ] }\n';
  const error = t.throws(() => parseServices(text, 'web.yaml'), { instanceOf: InvalidConfigError });
  t.regex(error?.message ?? '', /services\[0\]\.methd.*did you mean "method"/);
  t.regex(error?.message ?? '', /services\[0\]\.backends\[0\]\.address/);
});

test('a text that is no mapping has no services', (t) => {
  t.throws(() => parseServices('[1, 2]', 'f'), { instanceOf: InvalidConfigError });
});
