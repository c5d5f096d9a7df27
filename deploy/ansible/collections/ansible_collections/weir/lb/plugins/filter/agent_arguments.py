"""The arguments of real-server that follow from services: which VIPs, and which encapsulations nodes send."""

from __future__ import annotations

from ansible_collections.weir.lb.plugins.filter.cluster_faults import method_of, services_with_backends, vips_of

GUE_PORT = 6080
SECOND_CHANCE_PORT = 19523


def agent_arguments(services, backends, name, interfaces, nodes):
    """
    :param services: entries of weir.yaml
    :param backends: list of {host, name, address, address6, services}
    :param name: of the backend whose agent it is
    :param interfaces: where packets of nodes arrive
    :param nodes: addresses of nodes, which hop lists are taken of
    :return: arguments; none where nothing needs an agent
    """
    own = [entry for entry in services_with_backends(services, backends) if _is_backend(name, entry, backends)]
    served = [service for service in own if method_of(service) not in ("nat", "fullnat")]
    if not served:
        return []
    arguments = [f"--interface={interface}" for interface in interfaces]
    arguments += [f"--vip={vip}" for vip in _unique(vip for service in served for vip in vips_of(service))]
    kinds = _unique(_encapsulation(service) for service in served)
    arguments.append("--decap=" + (",".join(kind for kind in kinds if kind != "none") or "none"))
    for service in served:
        arguments += _ports(service)
    if "second_chance" in kinds:
        fellows = [address for entry in backends for address in (entry["address"], entry["address6"]) if address]
        arguments += [f"--peer={_network(address)}" for address in _unique([*nodes, *fellows])]
    # A restart of the agent, as for an upgrade, loses no packet.
    return [*_unique(arguments), "--keep"]


def _is_backend(name, service, backends):
    if "discovery" in service:
        return True
    addresses = {a for entry in backends if entry["name"] == name for a in (entry["address"], entry["address6"]) if a}
    return any(entry.get("name") == name or entry.get("address") in addresses for entry in service.get("backends") or [])


def _encapsulation(service):
    if "secondChance" in service:
        return "second_chance"
    method = method_of(service)
    if method == "gue" and service.get("gueHeader") == "none":
        return "fou"
    return "none" if method == "dr" else method


def _ports(service):
    kind = _encapsulation(service)
    if kind == "gue" and int(service.get("guePort", GUE_PORT)) != GUE_PORT:
        return [f'--gue-port={service["guePort"]}']
    if kind == "fou" and "guePort" in service:
        return [f'--fou-port={service["guePort"]}']
    port = (service.get("secondChance") or {}).get("port", SECOND_CHANCE_PORT)
    return [f"--second-chance-port={port}"] if kind == "second_chance" and int(port) != SECOND_CHANCE_PORT else []


def _network(address):
    return f"{address}/128" if ":" in address else f"{address}/32"


def _unique(values):
    return list(dict.fromkeys(values))


class FilterModule:
    """Names the filter for Ansible."""

    def filters(self):
        return {"agent_arguments": agent_arguments}
