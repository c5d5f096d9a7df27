/** Blocks that tests of packages run, with more than this lab has, and compare what they print: page and language to the test. */
export const runElsewhere: Readonly<Record<string, string>> = {
  'docs/cli.md console': 'packages/weirctl/src/documentation.test.ts',
  'docs/migrating-from-lvs.md console': 'packages/weirctl/src/documentation.test.ts',
  'docs/etcd.md sh': 'packages/control/src/cluster/etcd-docs.test.ts',
  'docs/discovery.md sh': 'packages/real-server/src/register-docs.test.ts',
};

/** Blocks of operations.md that begin with this are run with a cluster of six nodes, which rollouts need. */
export const rolloutBlocks = {
  page: 'docs/operations.md',
  begin: 'etcdctl ',
  test: 'packages/control/src/rollout/rollout-docs.test.ts',
};
