#!/usr/bin/env python3
"""Remake endpoints.tsv from the partition data that the AWS SDK for Python publishes.

usage: refresh.py [--source TEXT] BOTOCORE > endpoints.tsv

BOTOCORE is a checkout of https://github.com/boto/botocore, or a source tarball
or wheel of it: any of them holds botocore/data/endpoints.json and
partitions.json (Apache-2.0). --source says which version it is; without it, a
checkout says so itself.

What is kept is facts only, and only those that the parser cannot read off a
name: the suffixes, the region names and patterns, the services whose label is
not their id or has several labels, and the names that say less than is known
of them.
"""

import argparse
import collections
import datetime
import itertools
import json
import pathlib
import re
import subprocess
import sys
import tarfile
import zipfile

Name = collections.namedtuple("Name", "host partition region service tags")

HEADER = """\
# What the AWS SDK for Python publishes of AWS's endpoint names, without what
# the parser reads off a name by itself. Remade by refresh.py; do not edit.
# Source: {source}, botocore/data/endpoints.json and partitions.json,
# Copyright Amazon.com, Inc. or its affiliates, Apache-2.0. Made {date}.
#
# partition  id, suffix, dual-stack suffix, what its region names begin with
# region     partition, name
# service    labels in front of the region, service id, and if its names
#            mislead: "dualstack" (without saying so) or "single" (though under
#            a dual-stack suffix)
# name       host, partition, region, service id, tags
"""


def read(botocore, name):
    """Return one of botocore's data files, whatever botocore comes in."""
    wanted = "botocore/data/" + name
    path = pathlib.Path(botocore)
    if path.is_dir():
        return json.loads((path / wanted).read_text())
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as wheel:
            return json.loads(wheel.read(wanted))
    with tarfile.open(path) as tarball:
        for member in tarball:
            if member.name.endswith("/" + wanted):
                return json.load(tarball.extractfile(member))
    sys.exit(f"{botocore}: holds no {wanted}")


def version(botocore):
    """Name a checkout by its commit, anything else by its file name."""
    path = pathlib.Path(botocore)
    if not path.is_dir():
        return path.name
    git = ["git", "-C", botocore, "rev-parse", "HEAD"]
    return "boto/botocore commit " + subprocess.check_output(git, text=True).strip()


def begins(pattern):
    """Spell out the beginnings that a region pattern allows.

    '^(us|eu)\\-\\w+\\-\\d+$' gives us- and eu-; the rest of every pattern is a
    word and a number, which the parser knows.
    """
    head, tail = pattern[: -len(r"\w+\-\d+$")], pattern[-len(r"\w+\-\d+$") :]
    if tail != r"\w+\-\d+$" or not head.startswith("^"):
        sys.exit(f"region pattern of an unknown form: {pattern}")
    parts = [p for p in re.split(r"\(([a-z|]+)\)", head[1:].replace("\\-", "-"))]
    return ["".join(choice) for choice in itertools.product(*(p.split("|") for p in parts))]


def variants(definition):
    """Yield the tags and settings of a definition and of its variants."""
    yield frozenset(), definition
    for variant in definition.get("variants", []):
        yield frozenset(variant["tags"]), variant


def published(endpoints):
    """Yield every endpoint name of the data as a Name."""
    for partition in endpoints["partitions"]:
        region_name = re.compile(partition["regionRegex"])
        for service, definition in partition["services"].items():
            for region, endpoint in definition.get("endpoints", {}).items():
                real = region in partition["regions"] or region_name.match(region)
                layers = [endpoint, definition.get("defaults", {}), partition["defaults"]]
                yield from endpoint_names(partition, service, region, real, layers)


def endpoint_names(partition, service, region, real, layers):
    """Yield the names of one endpoint, the plain one and its variants."""
    signs_for = layers[0].get("credentialScope", {}).get("region", region if real else "")
    for tags, settings in variants(layers[0]):
        template, suffix = settings.get("hostname"), partition["dnsSuffix"]
        if template is None and not real:
            continue  # a name like "fips-us-east-1" put in for the region: such hosts do not exist
        for layer in layers[1:]:
            for layer_tags, layer_settings in variants(layer):
                if layer_tags == tags:
                    template = template or layer_settings.get("hostname")
                    suffix = layer_settings.get("dnsSuffix", suffix) if tags else suffix
        if template:
            host = template.format(service=service, region=region, dnsSuffix=suffix)
            yield Name(host, partition["partition"], signs_for, service, tag_names(tags, region, host))


def tag_names(tags, region, host):
    """Name the tags: "fips" in a pseudo-region or in the host counts."""
    fips = "fips" in tags or "fips" in region or re.search(r"(^|[.-])fips([.-]|$)", host)
    dual = "dualstack" in tags
    return ",".join(t for t, on in (("dualstack", dual), ("fips", fips)) if on)


def label_of(prefix):
    """Return the service label that the parser would read by itself."""
    label = prefix.removesuffix(".dualstack")
    label = label.removeprefix("fips.").removesuffix("-fips")
    return label


def choose(ids, label):
    """Pick one of the services that share a host: the one it is named after."""
    return label if label in ids else sorted(ids)[0]


def reduce(names, partitions):
    """Yield the service and name rows."""
    suffixes = {p["outputs"]["dnsSuffix"]: False for p in partitions}
    suffixes |= {p["outputs"]["dualStackDnsSuffix"]: True for p in partitions}
    services, exact = collections.defaultdict(list), collections.defaultdict(list)
    for name in names:
        suffix = next((s for s in sorted(suffixes, key=len, reverse=True) if name.host.endswith("." + s)), None)
        if suffix is None:
            continue  # localhost:8000, DynamoDB's local edition
        rest = name.host[: -len(suffix) - 1]
        if name.region and rest.endswith("." + name.region):
            says_dual = suffixes[suffix] or "dualstack" in rest
            services[rest[: -len(name.region) - 1]].append((name, says_dual))
        elif name.region and not re.search(r"(^|[.-])" + name.region, rest):
            exact[name.host].append(name)
        if "fips" in name.tags and "fips" not in name.host:
            exact[name.host].append(name)
    yield from service_rows(services, exact)
    yield from name_rows(exact)


def service_rows(services, exact):
    """Yield a row for each service that is more than its label, and move the
    names that are not as the rest of their service to exact."""
    for prefix, seen in sorted(services.items()):
        label, by_host = label_of(prefix), collections.defaultdict(list)
        for name, says_dual in seen:
            by_host[name.host, says_dual].append(name)
        marks = [mark for mark in (misleads(by_host, False, "dualstack"), misleads(by_host, True, "single")) if mark]
        chosen = choose({name.service for name, _ in seen}, label)
        if chosen != label or "." in label or marks:
            yield ("service", prefix, chosen, ",".join(marks))
        for (host, says_dual), names in by_host.items():
            read = "single" not in marks if says_dual else "dualstack" in marks
            if all(("dualstack" in name.tags) != read for name in names):
                exact[host].extend(names)


def misleads(by_host, says_dual, mark):
    """Return mark if most of a service's names that say so are not so."""
    hosts = [names for (_, says), names in by_host.items() if says == says_dual]
    wrong = sum(all(("dualstack" in name.tags) != says_dual for name in names) for names in hosts)
    return mark if wrong * 2 > len(hosts) else ""


def name_rows(exact):
    for host, names in sorted(exact.items()):
        ids = {n.service for n in names}
        best = max(names, key=lambda n: (bool(n.region), len(n.tags)))
        service = choose(ids, host.split(".")[0])
        yield ("name", host, best.partition, best.region, service, best.tags)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("botocore", help="a checkout, source tarball or wheel of botocore")
    parser.add_argument("--source", help="which version it is, for the file's heading")
    args = parser.parse_args()

    partitions = read(args.botocore, "partitions.json")["partitions"]
    endpoints = read(args.botocore, "endpoints.json")
    today = datetime.datetime.now(datetime.timezone.utc).date()
    print(HEADER.format(source=args.source or version(args.botocore), date=today), end="")
    for p in partitions:
        out = p["outputs"]
        beginnings = ",".join(begins(p["regionRegex"]))
        print("partition", p["id"], out["dnsSuffix"], out["dualStackDnsSuffix"], beginnings, sep="\t")
    for p in partitions:
        for region in sorted(r for r in p["regions"] if re.match(p["regionRegex"], r)):
            print("region", p["id"], region, sep="\t")
    for row in reduce(published(endpoints), partitions):
        print(*row, sep="\t")


if __name__ == "__main__":
    main()
