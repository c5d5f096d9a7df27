/** What `weirctl ipvsadm -h` prints. */
export const usageText = `Usage:
  weirctl ipvsadm -A|E virtual-service [-s scheduler] [-p [timeout]] [-M netmask] [-b sched-flags]
  weirctl ipvsadm -D virtual-service
  weirctl ipvsadm -C
  weirctl ipvsadm -R
  weirctl ipvsadm -S [-n]
  weirctl ipvsadm -a|e virtual-service -r server-address [-g|i|m] [-w weight] [-x upper] [-y lower] [tunnel options]
  weirctl ipvsadm -d virtual-service -r server-address
  weirctl ipvsadm -L|l [virtual-service] [options]
  weirctl ipvsadm -Z [virtual-service]
  weirctl ipvsadm -h

virtual-service:
  -t, --tcp-service  address:port      -u, --udp-service  address:port      --sctp-service  address:port
  IPv6 addresses stand in brackets: [2001:db8::1]:80

Services and servers:
  -s, --scheduler    rr wrr lc wlc lblc lblcr dh sh sed nq mh; default wlc
  -p, --persistent   seconds; default 300
  -M, --netmask      addresses that are one client: 255.255.255.0, or bits for IPv6
  -b, --sched-flags  sh-fallback, mh-fallback, mh-port
  -r, --real-server  address, with masquerading also address:port
  -g, --gatewaying   direct routing, the default
  -i, --ipip         tunnel: --tun-type ipip, gue or gre; --tun-port of gue; --tun-nocsum
  -m, --masquerading network address translation
  -w, --weight       0 to 65535; default 1
  -x, --u-threshold  connections with which it takes no new ones
  -y, --l-threshold  connections below which it takes new ones again

List:
  -n, --numeric      numbers instead of names
  -c, --connection   flows that this node remembers
  --stats --rate     counters, or what they grow by in a second; --exact: not in K, M, G, T
  --thresholds --persistent-conn --tun-info --timeout --daemon --nosort

What differs from IPVS: docs/migrating-from-lvs.md`;
