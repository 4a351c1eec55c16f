#!/usr/bin/env python3
"""Random HTTPRoutes and requests, asked of a real Envoy Gateway, kgateway, NGINX Gateway Fabric or Traefik and of the model.

  random_gateway.py --lab DIR --gateshift BIN [--server SERVER] [--kind KIND] [--cases N] [--requests N] [--seed N] [--keep DIR]

Writes each case as a file of recorded requests, has the lab answer it, has `gateshift trace` answer it, and prints where the two
differ. Exit 1 where they do. The same seed gives the same cases. SERVER is `envoy-gateway`, `kgateway` (see kgateway/lab.py),
`nginx-gateway-fabric` (see ngf_lab.py) or `traefik` (see traefik_lab.py). KIND is `routes`, `oddities` (everything that core filters and
backends can say, odd requests), `listeners` (with namespaces, grants, certificates and other kinds of routes), `policies` (of Envoy
Gateway) or `middlewares` (of Traefik). With `--keep` the answered cases are kept; `GATESHIFT_ANSWERS=DIR cargo test --test suite --
answers_of_a_lab` compares them in every part that a model claims, headers and conditions too; with `GATESHIFT_TARGET=traefik` they are
those of Traefik, and so on. Without `--gateshift` nothing else is asked.
"""
import argparse, json, os, random, subprocess, sys, tempfile

import yaml

import listeners
import middlewares
import oddities
import policies

LABS = {'kgateway': os.path.join('kgateway', 'lab.py'), 'nginx-gateway-fabric': 'ngf_lab.py', 'traefik': 'traefik_lab.py'}
HOSTS = ['shop.example.com', 'api.shop.example.com', '*.shop.example.com', '*.example.com', None]
ASKED = ['shop.example.com', 'api.shop.example.com', 'x.shop.example.com', 'a.b.shop.example.com', 'other.example.com', 'SHOP.example.com', 'nowhere.test']
PATHS = ['/', '/api', '/api/', '/api/v1', '/API', '/apple', '/a.b', '/app/x', '/shop']
REGEXES = ['/api/v[0-9]+', '/(a|b)pp?', '(?i)/api', '/app(/|$).*', '/a.b', '.*[.]js', '/[a-z]+/x', '(?i:/SHOP).*']
TAILS = ['', '', '/', 'x', '/x', '/v1', '/v22', '.js', '/x/y/', '//z', '/./q', '/%61', '?a=1', '/x?b=2&a=1', '/é'.encode().decode('latin-1')]
HEADERS = [('x-a', '1'), ('x-a', '2'), ('x-version', 'v12')]
QUERIES = [('a', '1'), ('b', '2')]
SERVICES = ['s0', 's1', 's2']


def match(rng):
    out, kind = {}, rng.choice(['PathPrefix', 'PathPrefix', 'PathPrefix', 'Exact', 'RegularExpression', None])
    if kind:
        out['path'] = {'type': kind, 'value': rng.choice(REGEXES if kind == 'RegularExpression' else PATHS)}
    if rng.random() < 0.25:
        name, value = rng.choice(HEADERS)
        regex = rng.random() < 0.3
        out['headers'] = [{'name': name, 'value': 'v?[0-9]+' if regex else value, **({'type': 'RegularExpression'} if regex else {})}]
    if rng.random() < 0.2:
        name, value = rng.choice(QUERIES)
        out['queryParams'] = [{'name': name, 'value': value}]
    if rng.random() < 0.2:
        out['method'] = rng.choice(['GET', 'POST'])
    return out


def rule(rng):
    matches = [match(rng) for _ in range(rng.choice([1, 1, 1, 2]))]
    prefixes = all(one.get('path', {'type': 'PathPrefix'})['type'] == 'PathPrefix' for one in matches)
    out, filters = {'matches': matches}, []
    what = rng.random()
    path = None
    if rng.random() < 0.5:
        kinds = ['ReplaceFullPath'] + (['ReplacePrefixMatch'] if prefixes and len(matches) == 1 else [])
        kind = rng.choice(kinds)
        path = {'type': kind, kind[0].lower() + kind[1:]: rng.choice(['/', '/new', '/new/', '/n/e'])}
    if what < 0.2:
        redirect = {'statusCode': rng.choice([301, 302])}
        for key, values in (('scheme', ['https', 'http']), ('hostname', ['new.example.org']), ('port', [80, 443, 8443])):
            if rng.random() < 0.4:
                redirect[key] = rng.choice(values)
        if path:
            redirect['path'] = path
        return {**out, 'filters': [{'type': 'RequestRedirect', 'requestRedirect': redirect}]}
    if what < 0.45:
        rewrite = {**({'path': path} if path else {}), **({'hostname': 'inner.example.org'} if rng.random() < 0.4 else {})}
        if rewrite:
            filters.append({'type': 'URLRewrite', 'urlRewrite': rewrite})
    if filters:
        out['filters'] = filters
    out['backendRefs'] = [{'name': rng.choice(SERVICES), 'port': 80}]
    return out


def case(rng, number, requests):
    objects = [{'apiVersion': 'gateway.networking.k8s.io/v1', 'kind': 'Gateway', 'metadata': {'name': 'gw'},
                'spec': {'gatewayClassName': 'eg', 'listeners': [{'name': 'http', 'protocol': 'HTTP', 'port': 80}]}}]
    objects += [{'apiVersion': 'v1', 'kind': 'Service', 'metadata': {'name': name}, 'spec': {'ports': [{'port': 80}]}} for name in SERVICES]
    for route in range(rng.randint(1, 5)):
        names = rng.sample(HOSTS, rng.choice([1, 1, 2]))
        spec = {'parentRefs': [{'name': 'gw'}], 'rules': [rule(rng) for _ in range(rng.randint(1, 4))]}
        if None not in names:
            spec['hostnames'] = names
        # Ages are forged in document order, so that no tie is left to chance.
        objects.append({'apiVersion': 'gateway.networking.k8s.io/v1', 'kind': 'HTTPRoute',
                        'metadata': {'name': f'r{route}', 'creationTimestamp': f'2026-01-01T00:00:{route + 10:02}Z'}, 'spec': spec})
    asked = []
    for _ in range(requests):
        path = rng.choice(PATHS + ['/app', '/bp', '/foo', '/Api/V1'])
        tail = rng.choice(TAILS)
        request = {'path': (path.rstrip('/') if tail.startswith('/') else path) + tail, 'host': rng.choice(ASKED)}
        if rng.random() < 0.3:
            name, value = rng.choice(HEADERS)
            request['headers'] = {name: value}
        if rng.random() < 0.2:
            request['method'] = 'POST'
        asked.append({'request': request})
    return {'topic': f'random-{number}', 'given': '---\n'.join(yaml.safe_dump(one, sort_keys=False) for one in objects), 'exchanges': asked}


def location(answer):
    return (answer.get('headers') or {}).get('location')


def differences(seen, said):
    """Parts of an answer that the model claims and the server gave otherwise."""
    # Whatever a backend answers is its own matter.
    pairs = [] if said.get('backend') else [('status', seen.get('status'), said.get('status'))]
    pairs += [('backend', seen.get('backend'), said.get('backend')), ('error', bool(seen.get('error')), bool(said.get('error')))]
    for part in ('path', 'host'):
        pairs.append((part, (seen.get('upstream') or {}).get(part), (said.get('upstream') or {}).get(part)))
    pairs.append(('location', location(seen), location(said)))
    return [f'{part}: {seen!r} seen, {said!r} said' for part, seen, said in pairs if seen != said]


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument('--lab', required=True)
    options.add_argument('--gateshift')
    options.add_argument('--server', choices=['envoy-gateway', *LABS], default='envoy-gateway')
    kinds = {'routes': case, 'oddities': oddities.case, 'listeners': listeners.case, 'policies': policies.case, 'middlewares': middlewares.case}
    options.add_argument('--kind', choices=sorted(kinds), default='routes')
    options.add_argument('--keep')
    options.add_argument('--cases', type=int, default=40)
    options.add_argument('--requests', type=int, default=50)
    options.add_argument('--seed', type=int, default=1)
    asked = options.parse_args()
    compared = wrong = unknown = 0
    make = kinds[asked.kind]
    here = os.path.dirname(os.path.abspath(__file__))
    lab = [os.path.join(asked.lab, 'e2e.py')] if asked.server == 'envoy-gateway' else [os.path.join(here, LABS[asked.server]), asked.lab]
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for number in range(asked.cases):
            path = os.path.join(folder, f'random-{number:03}.yaml')
            with open(path, 'w') as file:
                yaml.safe_dump(make(random.Random(asked.seed * 1000 + number), number, asked.requests), file, sort_keys=False)
            files.append(path)
        probe = subprocess.run([*lab, 'probe', *files, '-o', 'json'], stdout=subprocess.PIPE)
        answers = [json.loads(line) for line in probe.stdout.decode().splitlines() if line.strip()]
        if probe.returncode or len(answers) != len(files):
            sys.exit(f'the lab answered {len(answers)} of {len(files)} cases')
        for path, seen in zip(files, answers):
            with open(path) as case_file:
                given = yaml.safe_load(case_file)['given']
            if asked.keep:
                os.makedirs(asked.keep, exist_ok=True)
                with open(os.path.join(asked.keep, os.path.basename(path)), 'w') as file:
                    yaml.safe_dump({'given': given, **seen}, file, sort_keys=False, width=200)
            if not asked.gateshift:
                continue
            manifests = path.replace('.yaml', '.manifests.yaml')
            with open(manifests, 'w') as file:
                file.write(given)
            command = [asked.gateshift, 'trace', '--against', manifests, '--requests', path, '--target', asked.server, '-o', 'json']
            trace = subprocess.run(command, stdout=subprocess.PIPE)
            lines = [json.loads(line) for line in trace.stdout.decode().splitlines()]
            if len(lines) != len(seen['exchanges']):
                sys.exit(f'gateshift answered {len(lines)} of {len(seen["exchanges"])} requests of {os.path.basename(path)}')
            for exchange, line in zip(seen['exchanges'], lines):
                said = line.get('new') or {}
                if 'unmodelled' in said or 'undecided' in said:
                    unknown += 1
                    continue
                compared += 1
                found = differences(exchange['observed'], said)
                if found:
                    wrong += 1
                    print(f"{os.path.basename(path)}: {json.dumps(exchange['request'])}\n    " + '\n    '.join(found))
    print(f'{compared} answers compared, {wrong} differ, {unknown} not modelled or not decided')
    sys.exit(1 if wrong else 0)


main()
