import test from 'ava';
import { ownerFinding } from './bpf-filesystem.js';

const DIRECTORY = '/sys/fs/bpf/weir';

test('a directory of root is a fault where the unit runs as another user, whatever root may write', (t) => {
  t.like(ownerFinding(DIRECTORY, 'root', 'weir'), {
    verdict: 'fault',
    commands: ['chown --recursive weir /sys/fs/bpf/weir'],
  });
});

test('a directory of the user of the unit is right, and so is any where no unit says who runs', (t) => {
  t.is(ownerFinding(DIRECTORY, 'weir', 'weir').verdict, 'ok');
  t.is(ownerFinding(DIRECTORY, 'weir', 'root').verdict, 'ok');
  t.is(ownerFinding(DIRECTORY, 'root', undefined).verdict, 'ok');
  t.is(ownerFinding(DIRECTORY, undefined, 'weir').verdict, 'ok');
});
