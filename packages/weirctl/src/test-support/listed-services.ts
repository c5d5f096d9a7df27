import { Origin, Service, serviceSpecOf } from '@weir/admin-api';

/** In etcd, and announced. */
export const web = Service.fromPartial({
  spec: serviceSpecOf({
    name: 'web',
    vip: '198.51.100.1',
    port: 443,
    method: 'ipip',
    scheduler: 'mh',
    backends: [{ address: '10.0.0.1' }, { address: '10.0.0.2' }],
  }),
  revision: '17',
  origin: Origin.ETCD,
  usableBackends: 1,
  announced: ['198.51.100.1/32'],
});

/** In weir.yaml, with two listeners. */
export const dns = Service.fromPartial({
  spec: serviceSpecOf({
    name: 'dns',
    listeners: [
      { vip: '198.51.100.2', protocol: 'udp', port: 53 },
      { vip: '2001:db8::2', protocol: 'udp', port: 53 },
    ],
    method: 'dr',
    scheduler: 'rr',
    backends: [{ address: '10.0.0.3' }],
  }),
  origin: Origin.FILE,
});

/** Answers of the service Services. */
export const listServices = { listServices: () => ({ services: [web, dns], nextPageToken: '' }) };
