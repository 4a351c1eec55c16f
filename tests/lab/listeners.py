"""Random Gateways with several listeners, namespaces, kinds of routes and certificates, and requests for them."""
import draw
from draw import maybe

GATEWAY = 'gateway.networking.k8s.io'
NAMES = ['shop.example.com', 'api.example.com', '*.example.com', '*.shop.example.com', '*.com', None]
ROUTED = ['shop.example.com', 'api.example.com', '*.example.com', 'x.shop.example.com', '*.shop.example.com', 'other.test', None]
ASKED = ['shop.example.com', 'api.example.com', 'www.example.com', 'x.shop.example.com', 'a.b.example.com', 'other.test', 'example.com']
SPACES = ['default', 'team']


def listener(rng, number):
    kind = rng.choice(['HTTP', 'HTTP', 'HTTPS', 'HTTPS', 'TLS'])
    out = {'name': f'l{number}', 'protocol': kind, 'port': rng.choice([80, 80, 80, 8080] if kind == 'HTTP' else [443, 443, 443, 8443])}
    name = rng.choice(NAMES)
    if name:
        out['hostname'] = name
    if kind == 'HTTPS':
        out['tls'] = {'certificateRefs': [{'name': name} for name in rng.sample(['cert', 'shop', 'api', 'absent'], rng.choice([1, 1, 1, 2]))]}
        if maybe(rng, 0.15):
            out['tls']['certificateRefs'][0]['namespace'] = 'team'
    if kind == 'TLS':
        out['tls'] = {'mode': 'Passthrough'}
    if maybe(rng, 0.5):
        out['allowedRoutes'] = {'namespaces': rng.choice([{'from': 'All'}, {'from': 'Same'}, {'from': 'Selector', 'selector': {'matchLabels': {'open': 'yes'}}}])}
    if kind != 'TLS' and maybe(rng, 0.15):
        out.setdefault('allowedRoutes', {})['kinds'] = [{'kind': rng.choice(['HTTPRoute', 'GRPCRoute'])}]
    return out


def backend(rng, space):
    out = {'name': rng.choice(['s0', 's1', 's0', 'absent']), 'port': 80}
    if maybe(rng, 0.3):
        out['namespace'] = rng.choice(SPACES)
    if maybe(rng, 0.3):
        out['weight'] = rng.choice([0, 1])
    return out


def route(rng, number, listeners):
    kind = rng.choice(['HTTPRoute', 'HTTPRoute', 'HTTPRoute', 'HTTPRoute', 'GRPCRoute', 'TLSRoute'])
    space = rng.choice(SPACES)
    parents = []
    for _ in range(rng.choice([1, 1, 2])):
        parent = {'name': rng.choice(['gw'] * 8 + ['second']), 'namespace': 'default'}
        if maybe(rng, 0.4):
            parent['sectionName'] = rng.choice(listeners + ['nowhere'])
        elif maybe(rng, 0.2):
            parent['port'] = rng.choice([80, 443, 8080])
        if all(one != parent and ('sectionName' in one) == ('sectionName' in parent) and ('port' in one) == ('port' in parent) for one in parents):
            parents.append(parent)
    spec = {'parentRefs': parents}
    hosts = [name for name in rng.sample(ROUTED, rng.choice([1, 1, 2])) if name]
    if kind == 'TLSRoute':
        spec['hostnames'] = hosts or ['shop.example.com']
    elif hosts:
        spec['hostnames'] = hosts
    rules = []
    for position in range(1 if kind == 'TLSRoute' else rng.choice([1, 2])):
        rule = {'backendRefs': [backend(rng, space) for _ in range(rng.choice([1, 1, 2]))]}
        if kind == 'HTTPRoute':
            match = {'path': {'type': rng.choice(['PathPrefix', 'PathPrefix', 'Exact']), 'value': rng.choice(['/', '/a', '/b'])}}
            if maybe(rng, 0.15):
                match['method'] = 'GET'
            rule['matches'] = [match]
            if maybe(rng, 0.15):
                rule = {'matches': [match], 'filters': [{'type': 'RequestRedirect', 'requestRedirect': rng.choice(
                    [{'scheme': 'https', 'statusCode': 301}, {'statusCode': 302, 'hostname': 'new.test'}, {'statusCode': 302, 'port': 8443}])}]}
        if kind == 'GRPCRoute' and maybe(rng, 0.6):
            rule['matches'] = [{'method': rng.choice([{'service': 'a.B', 'method': 'C'}, {'service': 'a.B'}, {'method': 'C'}])}]
        rules.append(rule)
    spec['rules'] = rules
    return {'apiVersion': f'{GATEWAY}/v1', 'kind': kind, 'metadata': {'name': f'r{number}', 'namespace': space}, 'spec': spec}


def request(rng):
    out = {'host': rng.choice(ASKED), 'path': rng.choice(['/', '/a', '/a/x', '/b', '/a.B/C', '/a.B/D', '/x/C'])}
    what = rng.random()
    if what < 0.45:
        out['scheme'] = 'https'
        if maybe(rng, 0.3):
            out['sni'] = rng.choice(ASKED + [''])
        if maybe(rng, 0.15):
            out['port'] = 8443
    elif what < 0.55:
        out['port'] = 8080
    if maybe(rng, 0.15):
        out.update(method='POST', protocol='h2', headers={'Content-Type': 'application/grpc', 'TE': 'trailers'})
    elif maybe(rng, 0.1):
        out['method'] = 'POST'
    return {'request': out}


def case(rng, number, requests):
    core = f'{GATEWAY}/v1'
    listeners = []
    for one in range(rng.randint(2, 6)):
        made = listener(rng, one)
        place = lambda one: (one['port'], one.get('hostname'))
        if all(place(other) != place(made) for other in listeners):
            listeners.append(made)
    names = [one['name'] for one in listeners]
    objects = [{'apiVersion': 'v1', 'kind': 'Namespace', 'metadata': {'name': 'team', 'labels': {'open': rng.choice(['yes', 'no'])}}},
               {'apiVersion': core, 'kind': 'Gateway', 'metadata': {'name': 'gw'}, 'spec': {'gatewayClassName': 'eg', 'listeners': listeners}}]
    for space in SPACES:
        objects += [{'apiVersion': 'v1', 'kind': 'Service', 'metadata': {'name': name, 'namespace': space}, 'spec': {'ports': [{'port': 80}]}} for name in ('s0', 's1')]
        for name, host in (('cert', '*.example.com'), ('shop', 'shop.example.com'), ('api', 'api.example.com')):
            objects.append({'apiVersion': 'v1', 'kind': 'Secret', 'metadata': {'name': name, 'namespace': space}, 'type': 'kubernetes.io/tls', 'stringData': {'lab-cn': host}})
    if maybe(rng, 0.6):
        objects.append({'apiVersion': f'{GATEWAY}/v1beta1', 'kind': 'ReferenceGrant', 'metadata': {'name': 'g', 'namespace': 'team'}, 'spec': {
            'from': [{'group': GATEWAY, 'kind': rng.choice(['HTTPRoute', 'GRPCRoute', 'Gateway']), 'namespace': 'default'}],
            'to': [{'group': '', 'kind': rng.choice(['Service', 'Secret'])}]}})
    objects += [route(rng, one, names) for one in range(rng.randint(2, 6))]
    return draw.case(f'listeners-{number}', objects, [request(rng) for _ in range(requests)])
