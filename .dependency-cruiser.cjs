/** Who may import whom: the arrows of docs/design.md, checked. */
const arrows = {
  errors: [],
  packet: ['errors'],
  director: ['errors', 'packet'],
  dataplane: ['errors', 'packet', 'director'],
  'gobgp-client': ['errors'],
  'bgp-speaker': ['errors', 'gobgp-client'],
  control: ['errors'],
  daemon: ['errors'],
  doctor: ['errors', 'control'],
  'state-sync': ['errors', 'packet'],
  'admin-api': ['errors'],
  health: ['errors', 'packet'],
  'lb-node': [
    'errors',
    'daemon',
    'control',
    'doctor',
    'dataplane',
    'director',
    'packet',
    'bgp-speaker',
    'state-sync',
    'health',
    'admin-api',
  ],
  weirctl: ['errors', 'daemon', 'control', 'director', 'doctor', 'admin-api'],
  'real-server': ['errors', 'daemon', 'dataplane', 'doctor', 'packet', 'control', 'health'],
};

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-undeclared',
      comment: "Each package declares what it imports; ava is the root's.",
      severity: 'error',
      from: {},
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'], pathNot: '/ava/' },
    },
    { name: 'no-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'no-tests-in-product',
      comment: 'What ships does not import what tests it.',
      severity: 'error',
      from: { path: '^packages/', pathNot: '\\.test\\.ts$|/test-support/|/differential/' },
      to: { path: '\\.test\\.ts$|/test-support/|/differential/|^test/' },
    },
    ...Object.entries(arrows).map(([name, allowed]) => ({
      name: `arrows-of-${name}`,
      comment: `${name} may import ${allowed.join(', ') || 'no other package'}`,
      severity: 'error',
      from: { path: `^packages/${name}/src/`, pathNot: '\\.test\\.ts$' },
      to: { path: '^packages/', pathNot: `^packages/(${[name, ...allowed].join('|')})/` },
    })),
  ],
  options: {
    doNotFollow: { path: 'node_modules|/dist/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['types', 'import', 'default'] },
  },
};
