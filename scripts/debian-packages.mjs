/** What each purpose needs from Debian, and why. `probe` is a file that the package brings: its presence is the test. */
export const debianPackages = [
  { name: 'clang', probe: '/usr/bin/clang', why: 'compiles the BPF programs', for: ['build'] },
  { name: 'llvm', probe: '/usr/bin/llvm-strip', why: 'strips the BPF objects', for: ['build'] },
  { name: 'libbpf-dev', probe: '/usr/include/bpf/bpf_helpers.h', why: 'headers of the BPF helpers', for: ['build'] },
  { name: 'linux-libc-dev', probe: '/usr/include/linux/bpf.h', why: 'headers of the kernel', for: ['build'] },
  {
    name: 'make',
    probe: '/usr/bin/make',
    why: 'compiles raw-socket, which the portable engine sends with',
    for: ['build'],
  },
  { name: 'g++', probe: '/usr/bin/g++', why: 'compiles raw-socket', for: ['build'] },
  {
    name: 'python3',
    probe: '/usr/bin/python3',
    why: 'compiles raw-socket, and crafts packets in tests',
    for: ['build'],
  },
  { name: 'libbpf1', probe: '/usr/share/doc/libbpf1', why: 'loads the BPF programs', for: ['lab', 'unit'] },
  { name: 'bpftool', probe: '/usr/sbin/bpftool', why: 'reads the layout of BPF objects in tests', for: ['unit'] },
  { name: 'gobgpd', probe: '/usr/bin/gobgpd', why: 'speaks BGP for the nodes', for: ['lab', 'unit'] },
  { name: 'frr', probe: '/usr/lib/frr/bgpd', why: 'is the router of the lab', for: ['lab', 'unit'] },
  { name: 'nginx-light', probe: '/usr/sbin/nginx', why: 'is the backend of the lab', for: ['lab'] },
  { name: 'iproute2', probe: '/usr/sbin/ip', why: 'makes network namespaces and links', for: ['lab', 'unit'] },
  { name: 'ethtool', probe: '/usr/sbin/ethtool', why: 'turns off offloads of the links', for: ['lab', 'unit'] },
  { name: 'curl', probe: '/usr/bin/curl', why: 'is the client of the lab', for: ['lab'] },
  { name: 'iputils-ping', probe: '/usr/bin/ping', why: 'tests the links of the lab', for: ['lab', 'unit'] },
  { name: 'procps', probe: '/usr/sbin/sysctl', why: 'sets kernel parameters in the lab', for: ['lab', 'unit'] },
  { name: 'tcpdump', probe: '/usr/bin/tcpdump', why: 'captures packets in tests', for: ['unit'] },
  {
    name: 'python3-scapy',
    probe: '/usr/share/doc/python3-scapy',
    why: 'sends crafted packets in tests',
    for: ['unit'],
  },
  { name: 'iperf3', probe: '/usr/bin/iperf3', why: 'makes long TCP and UDP flows in tests', for: ['unit'] },
  { name: 'dnsmasq-base', probe: '/usr/sbin/dnsmasq', why: 'is the DNS server of tests', for: ['unit'] },
  { name: 'bind9-dnsutils', probe: '/usr/bin/dig', why: 'asks the DNS server of tests', for: ['unit'] },
  {
    name: 'redis-server',
    probe: '/usr/bin/redis-server',
    why: 'shares the state of flows; its redis-cli reads it in tests',
    for: ['lab', 'unit'],
  },
  { name: 'traceroute', probe: '/usr/sbin/traceroute', why: 'shows the hops of the lab in tests', for: ['unit'] },
  { name: 'wrk', probe: '/usr/bin/wrk', why: 'makes HTTP load', for: ['lab', 'bench'] },
  { name: 'haproxy', probe: '/usr/sbin/haproxy', why: 'is a rival in the benchmark', for: ['bench'] },
  {
    name: 'libnginx-mod-stream',
    probe: '/usr/lib/nginx/modules/ngx_stream_module.so',
    why: 'is a rival in the benchmark',
    for: ['bench'],
  },
  { name: 'nftables', probe: '/usr/sbin/nft', why: 'is a rival in the benchmark', for: ['bench'] },
];

/** What the commands of package.json need of the purposes above. */
export const purposesOf = {
  build: ['build'],
  demo: ['build', 'lab'],
  test: ['build', 'unit', 'lab'],
  bench: ['build', 'lab', 'bench'],
};
