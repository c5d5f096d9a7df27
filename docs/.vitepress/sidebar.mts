/** The order in which the pages are to be read, from start to end. Every page of docs/ is here once; a test holds that. */
export const sidebar = [
  {
    text: 'Start',
    items: [
      { text: 'What Weir is', link: '/' },
      { text: 'Quick start', link: '/quick-start' },
      { text: 'Concepts', link: '/concepts' },
    ],
  },
  {
    text: 'Install',
    items: [
      { text: 'By hand', link: '/install-by-hand' },
      { text: 'By Ansible', link: '/install-by-ansible' },
      { text: 'On Kubernetes', link: '/install-on-kubernetes' },
      { text: 'Backends', link: '/backends' },
      { text: 'MTU', link: '/mtu' },
      { text: 'Announcing VIPs', link: '/bgp' },
      { text: 'Router settings', link: '/router-settings' },
      { text: 'VIPs without BGP', link: '/vrrp' },
    ],
  },
  {
    text: 'Set up',
    items: [
      { text: 'Health checks', link: '/health' },
      { text: 'Where backends come from', link: '/discovery' },
      { text: 'Services of Kubernetes', link: '/kubernetes-services' },
      { text: 'One configuration: etcd', link: '/etcd' },
      { text: 'Changes while nodes run', link: '/changes' },
      { text: 'Connection state: Redis', link: '/connection-state' },
      { text: 'The admin API and its users', link: '/admin' },
      { text: 'Security', link: '/security' },
      { text: 'Limits', link: '/limits' },
    ],
  },
  {
    text: 'Operate',
    items: [
      { text: 'Runbook', link: '/operations' },
      { text: 'Troubleshooting', link: '/troubleshooting' },
      { text: 'What doctor looks at', link: '/doctor' },
      { text: 'Shipping logs', link: '/log-shipping' },
    ],
  },
  {
    text: 'Coming from',
    items: [
      { text: 'LVS and keepalived', link: '/migrating-from-lvs' },
      { text: 'GLB', link: '/coming-from-glb' },
      { text: 'HAProxy in TCP mode', link: '/coming-from-haproxy' },
    ],
  },
  {
    text: 'Reference',
    items: [
      { text: 'weir.yaml', link: '/configuration' },
      { text: 'weirctl', link: '/cli' },
      { text: 'Metrics', link: '/metrics' },
      { text: 'Log events', link: '/logs' },
      { text: 'Admin API', link: '/api' },
    ],
  },
  {
    text: 'How it works',
    collapsed: false,
    items: [
      { text: 'Design', link: '/design' },
      { text: 'What happens to a packet', link: '/packet-path' },
      { text: 'Tables and hop lists', link: '/director' },
      { text: 'Second chance', link: '/second-chance' },
      { text: 'Simulation', link: '/simulation' },
      { text: 'Performance', link: '/performance' },
    ],
  },
];
