import test from 'ava';
import { InvalidConfigError } from './config-error.js';
import { withEnvironmentValues } from './environment-values.js';
import { parseNodeConfig } from './parse-node-config.js';
import { parseYaml } from './yaml-document.js';

const environment = { NODE_NAME: 'lb7', NODE_IP: '10.0.0.17', EMPTY: '', TRICKY: `a\nb: \${env:NODE_NAME}` };

test('variables stand in whole values, in parts of them, and in lists', (t) => {
  const document = parseYaml(
    `node: { name: "\${env:NODE_NAME}" }\nlisten: ["\${env:NODE_IP}:9646", "[::1]:9646"]\nport: 80\n`,
  );
  t.deepEqual(withEnvironmentValues(document, environment).value, {
    node: { name: 'lb7' },
    listen: ['10.0.0.17:9646', '[::1]:9646'],
    port: 80,
  });
});

test('what a variable holds is text: neither YAML nor a further variable', (t) => {
  t.deepEqual(withEnvironmentValues(parseYaml(`name: \${env:TRICKY}`), environment).value, {
    name: `a\nb: \${env:NODE_NAME}`,
  });
});

test('other text with a dollar sign stays as it is', (t) => {
  const command = { command: ['/bin/sh', '-c', `echo \${HOME} $env:NODE_NAME`] };
  t.deepEqual(withEnvironmentValues(parseYaml(JSON.stringify(command)), environment).value, command);
});

test('a variable that is not set, or empty, is named with the place where it stands', (t) => {
  const { value, problems } = withEnvironmentValues(
    parseYaml(`node:\n  name: \${env:NODE}\n  interfaces: [eth0, "\${env:EMPTY}"]\n`),
    environment,
  );
  t.is(value, undefined);
  t.deepEqual(problems, [
    {
      path: 'node.name',
      message: `\${env:NODE} needs the environment variable "NODE", which is not set or empty`,
      line: 2,
    },
    {
      path: 'node.interfaces[1]',
      message: `\${env:EMPTY} needs the environment variable "EMPTY", which is not set or empty`,
      line: 3,
    },
  ]);
});

test.serial('weir.yaml takes its name from the environment, and is refused without it', (t) => {
  const text = `node: { name: "\${env:WEIR_TEST_NODE_NAME}", interfaces: [eth0] }\nservices: []\n`;
  const error = t.throws(() => parseNodeConfig(text, 'weir.yaml'), { instanceOf: InvalidConfigError });
  t.is(
    error?.message,
    `node.name: \${env:WEIR_TEST_NODE_NAME} needs the environment variable "WEIR_TEST_NODE_NAME", which is not set or empty (file weir.yaml, line 1)`,
  );
  process.env.WEIR_TEST_NODE_NAME = 'lb7';
  t.teardown(() => delete process.env.WEIR_TEST_NODE_NAME);
  t.is(parseNodeConfig(text, 'weir.yaml').node.name, 'lb7');
});
