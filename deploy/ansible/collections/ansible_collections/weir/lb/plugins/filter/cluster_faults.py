"""What is wrong with an inventory, seen over all hosts at once: what the specification of a single variable cannot say."""

from __future__ import annotations

import ipaddress

ENGINES = ("xdp", "portable")
# What weir.yaml takes for a service that names no method.
METHOD_DEFAULT = "ipip"
# Outer IP header, and what stands between it and the client's packet: docs/packet-path.md.
IP_BYTES = {4: 20, 6: 40}
TUNNEL_BYTES = {"ipip": 0, "gre": 4, "gue": 12}
# GUE with a list of hops: UDP, GUE, and up to four hops of the outer family.
SECOND_CHANCE_BYTES = {4: 16 + 4 * 4, 6: 16 + 4 * 16}


def cluster_faults(nodes, services, backends, pools=()):
    """
    :param nodes: list of {host, name, addresses, router_id, local_addresses, engine, mtus: {interface: bytes}, client_mtu}
    :param services: entries of weir.yaml
    :param backends: list of {host, name, address}
    :param pools: networks that VIPs have to be of; none: any
    :return: one sentence a fault, each with what would help; empty: none found
    """
    return [
        *_unique(nodes, "name", "weir_node_name", "each node needs a name of its own"),
        *_unique(nodes, "router_id", "weir_bgp_router_id", "routers tell nodes apart by it; leave it out, and it is the IPv4 address"),
        *_unique_addresses(nodes),
        *_unique(backends, "name", "weir_backend_name", "each backend needs a name of its own"),
        *_unique(backends, "address", "weir_backend_address", "each backend needs an address of its own"),
        *(fault for node in nodes for fault in _engine(node)),
        *(fault for service in services for fault in _vips(service, pools)),
        *(fault for node in nodes for fault in _mtu(node, services, backends)),
    ]


def _unique(hosts, key, variable, help_text):
    first = {}
    for host in hosts:
        value = host.get(key) or ""
        if value == "":
            continue
        if value in first:
            yield f'{variable}: "{value}" is that of {first[value]} and of {host["host"]}; {help_text}'
        first.setdefault(value, host["host"])


def _unique_addresses(nodes):
    first = {}
    for node in nodes:
        for variable in ("addresses", "local_addresses"):
            for text in node.get(variable) or []:
                address = _address(text)
                where = f'weir_node_{variable} of {node["host"]}'
                if address is None:
                    yield f'{where}: "{text}" is not an IP address; write it as 10.0.0.11 or fd00:10::11, without a prefix length'
                elif address in first:
                    yield f'{where}: {text} is taken by {first[address]}; each node needs addresses of its own'
                else:
                    first[address] = f'weir_node_{variable} of {node["host"]}'


def _engine(node):
    if node["engine"] not in ENGINES:
        yield (
            f'weir_engine of {node["host"]}: "{node["engine"]}" is not one of {", ".join(ENGINES)}; '
            "use xdp, or portable where BPF is not allowed"
        )


def _vips(service, pools):
    networks = [ipaddress.ip_network(pool, strict=False) for pool in pools if _is_network(pool)]
    for pool in pools:
        if not _is_network(pool):
            yield f'weir_vip_pools: "{pool}" is not a network; write it as 198.51.100.0/24 or 2001:db8:100::/64'
    name = service.get("name", "?")
    for vip in vips_of(service):
        address = _address(vip)
        if address is None:
            yield f'weir_services: {name}: VIP "{vip}" is not an IP address; write it as 198.51.100.10 or 2001:db8:100::10'
        elif networks and not any(address in network for network in networks):
            yield f'weir_services: {name}: VIP {vip} is in none of weir_vip_pools ({", ".join(pools)}); take one of these, or add its network'


def _mtu(node, services, backends):
    for service in services:
        overhead = _overhead(service, backends)
        needed = int(node["client_mtu"]) + overhead
        if overhead == 0 or "mssClamp" in service:
            continue
        for interface, mtu in (node.get("mtus") or {}).items():
            if int(mtu) < needed:
                yield (
                    f'{node["host"]}: {interface} has an MTU of {mtu}, and service {service.get("name", "?")} needs {needed}: '
                    f'{node["client_mtu"]} of a client and {overhead} of {method_of(service)}; '
                    f'raise it ("ip link set {interface} mtu {needed}", and at the switch), give the service an mssClamp of '
                    f'{int(mtu) - overhead - 60} or less, or set weir_client_mtu to what clients send at most'
                )


def _overhead(service, backends):
    tunnel = TUNNEL_BYTES.get(method_of(service))
    if tunnel is None:
        return 0
    addresses = [b.get("address", "") for b in service.get("backends") or backends]
    families = {address.version for address in map(_address, addresses) if address is not None} or {4}
    if "secondChance" in service:
        return max(IP_BYTES[family] + SECOND_CHANCE_BYTES[family] for family in families)
    return max(IP_BYTES[family] + tunnel for family in families)


def method_of(service):
    """How packets of a service get to its backends."""
    return service.get("method", METHOD_DEFAULT)


def vips_of(service):
    """The VIPs of a service, whether it has one or a list of listeners; each once."""
    found = [service["vip"]] if "vip" in service else []
    found += [listener["vip"] for listener in service.get("listeners") or [] if "vip" in listener]
    return list(dict.fromkeys(str(vip) for vip in found))


def services_with_backends(services, backends):
    """
    Services as weir.yaml has them: those that name no backends get the hosts that are backends.

    :param backends: list of {name, address, address6, weight, services}; ``services`` empty: of all
    """
    return [
        service
        if "backends" in service or "discovery" in service
        else {**service, "backends": [_entry(service, backend) for backend in backends if _serves(backend, service)]}
        for service in services
    ]


def entries_named(services, backends):
    """
    :param services: with their backends
    :return: {service, backend} of each entry that is one of the backends, by name or address
    """
    found = []
    for service in services:
        for entry in service.get("backends") or []:
            if any(entry.get("name") == b["name"] or entry.get("address") in (b["address"], b["address6"]) for b in backends):
                found.append({"service": service["name"], "backend": entry.get("name", entry["address"])})
    return found


def _serves(backend, service):
    wanted = backend.get("services") or []
    return not wanted or service.get("name") in wanted


def _entry(service, backend):
    # Tunnels carry either family in either; what rewrites or only forwards needs a backend of the VIP's family.
    vips = vips_of(service)
    is_ipv6 = bool(vips) and ":" in vips[0]
    address = backend["address6"] if is_ipv6 and backend.get("address6") else backend["address"]
    entry = {"name": backend["name"], "address": address}
    return entry if int(backend.get("weight", 1)) == 1 else {**entry, "weight": int(backend["weight"])}


def _address(text):
    try:
        return ipaddress.ip_address(str(text))
    except ValueError:
        return None


def _is_network(text):
    try:
        ipaddress.ip_network(str(text), strict=False)
    except ValueError:
        return False
    return True


class FilterModule:
    """Names the filters for Ansible."""

    def filters(self):
        return {
            "cluster_faults": cluster_faults,
            "services_with_backends": services_with_backends,
            "entries_named": entries_named,
            "vips_of": vips_of,
        }
