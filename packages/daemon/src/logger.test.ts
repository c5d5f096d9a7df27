import { spawnSync } from 'node:child_process';
import test from 'ava';
import type { LogFormat } from './logger.js';

function logged(format: LogFormat): string {
  const script = `import { createLogger } from ${JSON.stringify(new URL('./logger.js', import.meta.url).href)};
    const logger = createLogger('lb-node', { level: 'info', format: ${JSON.stringify(format)} });
    logger.debug('unseen'); logger.info({ vip: '198.51.100.10' }, 'announced');`;
  return spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' }).stdout;
}

test('json is one object a line with name, level, time, fields and message', (t) => {
  const lines = logged('json').trim().split('\n');
  t.is(lines.length, 1);
  t.like(JSON.parse(lines[0] as string), { name: 'lb-node', level: 'info', vip: '198.51.100.10', msg: 'announced' });
});

test('pretty is for people: level and message in plain words', (t) => {
  const text = logged('pretty');
  t.regex(text, /INFO.*announced/);
  t.notRegex(text, /unseen/);
});
