"""Members of settings/nodes, as they are and as the inventory wants them."""

from __future__ import annotations


def members_with(members, wanted, leaving=()):
    """
    :param members: those of etcd; what rollouts have made of their states stays
    :param wanted: those of the inventory: {name, address, localAddresses}
    :param leaving: names that go; members of others that the inventory does not have stay, for they may be alive
    :return: the members to write; the same where nothing is to be changed
    """
    settings = {entry["name"]: entry for entry in wanted}
    kept = [{**member, **settings.pop(member["name"], {})} for member in members if member["name"] not in leaving]
    state = {"state": "inactive"} if members else {}
    return kept + [{**entry, **state} for entry in settings.values() if entry["name"] not in leaving]


class FilterModule:
    """Names the filter for Ansible."""

    def filters(self):
        return {"members_with": members_with}
