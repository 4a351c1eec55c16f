"""Random routes with everything that core objects can say, and requests that are odd in every part."""
import draw
from draw import maybe

GATEWAY = 'gateway.networking.k8s.io'
HOSTS = ['shop.example.com', 'api.shop.example.com', '*.shop.example.com', '*.example.com', 'a.b', None]
ASKED = ['shop.example.com', 'shop.example.com', 'api.shop.example.com', 'x.shop.example.com', 'a.b.shop.example.com', 'other.example.com', 'SHOP.example.com',
         'shop.example.com.', 'shop.example.com:80', 'shop.example.com:1234', 'Api.Shop.Example.Com:8080', 'x_y.example.com', 'a.b', '10.1.2.3', '[::1]:80', 'xn--e1afmkfd.example.com']
PATHS = ['/', '/a', '/a/', '/a/b', '/a/b/', '/A', "/a!b", '/a%20b', '/a+b', '/a:b', '/a;b', '/a@b', '/a,b', '/a=b', "/a'b", '/a(b)', '/a*', '/a&b', '/a$b', '/~a', '/a.b', '/%61']
REGEXES = ['/a', '^/a$', '/a/[0-9]+', '(?i)^/A', '^/a(/|$)', '/(a|b)/', 'b$', '^/a.b$', '.*', '/a|/b', '^/[a-z%]+$', '[^/]+/b', '^/a%20b', '^/a b', r'\.js$', '^/a/(?P<x>[a-z]+)$', '/\\d', '(', '(?=a)', 'a{2,1}', '^', 'é']
ASKED_PATHS = ['/', '/a', '/a/', '/a/b', '/a/b/', '/a/b/c', '/A', '/A/b', '/b', '/ab', '/a/12', '/aa/b', '/a.b', '/axb', '/x/a', '/x/a/b/y.js', "/a!b", '/a%21b', '/a%20b', '/a+b', '/a%2Bb', '/a:b', '/a%3Ab',
               '/a;b', '/a%3Bb', '/a@b', '/a%40b', '/a,b', '/a%2Cb', "/a'b", '/a%27b', '/a(b)', '/a%28b%29', '/a*', '/a%2A', '/a&b', '/a$b', '/~a', '/%7Ea', '/%7ea', '/%61', '/%41', '/a%2Fb', '/a%2fb', '/a%5Cb', '/a\\b',
               '//', '//a', '/a//b', '///', '/./a', '/a/.', '/a/..', '/a/../b', '/../a', '/a/./b/', '/a/b/../', '/a/%2e%2e/b', '/a/%2E/b', '/a/..;/b', '/a%', '/a%zz', '/a%00', '/a%c3%a9', '/é'.encode().decode('latin-1'),
               '/a"b', '/a<b>', '/a|b', '/a^b', '/a`b', '/a{b}', '/a[b]', '/a%5Bb%5D', '/a#b', '/a?', '/a?x', '/a?x=1', '/a?x=1&x=2', '/a?y=1;x=1', '/a?x=%31', '/a?X=1', '/a?x=1+2', '/a?x=1%202', '/a?%78=1', '/a?x=a%zz', '/a?a=b?c',
               '/a/b?x=1', '/a??', '*', 'http://shop.example.com/a', 'http://other.example.com/a/b?x=1', '/a%3Fb', '/a%23b', '/a%25b', '/a%2525', '/a%20b/c', '/a b'.replace(' ', '%20')]
TEXTS = ['/', '/n', '/n/', '/n/m', '/a%20n', '/n?q=1', '/n m', '/n//m', '/n/../m', '', '/é', '/n#f', '/a+n', '/n!', '/N%41']
METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']
SENT = {'x-a': ['1', '2', 'ab', '', '1, 2', ['1', '2'], ' 1 ', 'é'.encode().decode('latin-1')], 'X-A': ['1'], 'x_a': ['1'], 'x.a': ['1'], 'cookie': ['c=1; d=2'], 'x-forwarded-for': ['203.0.113.9'], 'x-forwarded-proto': ['https'],
        'x-forwarded-host': ['evil.test'], 'x-forwarded-prefix': ['/p'], 'x-forwarded-port': ['99'], 'x-real-ip': ['203.0.113.9'], 'forwarded': ['for=1.2.3.4'], 'connection': ['x-a', 'close, x-b'], 'x-b': ['b'], 'origin': ['https://app.test'],
        'te': ['trailers'], 'upgrade': ['h2c'], 'accept-encoding': ['br', 'identity'], 'x-scheme': ['https'], 'x-original-uri': ['/o'], 'authorization': ['Basic YWxpY2U6cGFzc3dvcmQ='], 'expect': ['100-continue'], 'proxy-authorization': ['x'], 'keep-alive': ['1']}
SERVICES = {'s0': {'ports': [{'port': 80}]}, 's1': {'ports': [{'port': 80}]}, 's2': {'ports': [{'port': 80, 'name': 'a'}, {'port': 81, 'name': 'b'}]}, 'secure': {'ports': [{'port': 443}]}, 'named': {'ports': [{'port': 80, 'name': 'https-x'}]},
            'two': {'ports': [{'port': 80, 'appProtocol': 'kubernetes.io/h2c'}]}, 'ws': {'ports': [{'port': 80, 'appProtocol': 'kubernetes.io/ws'}]}, 'wss': {'ports': [{'port': 80, 'appProtocol': 'kubernetes.io/wss'}]},
            'odd': {'ports': [{'port': 80, 'appProtocol': 'mongo'}]}, 'tls': {'ports': [{'port': 80, 'appProtocol': 'https'}]}, 'plain': {'ports': [{'port': 443, 'appProtocol': 'http'}]}, 'headless': {'clusterIP': 'None', 'ports': [{'port': 80}]},
            'outside': {'type': 'ExternalName', 'externalName': 'x.test', 'ports': [{'port': 80}]}, 'empty': {'ports': [{'port': 80}]}, 'alone': {'ports': [{'port': 443}]}}


def named(items):
    """Each name once."""
    found = {}
    for one in items:
        found.setdefault(one['name'].lower(), one)
    return list(found.values())


def match(rng, plain=False):
    out, kind = {}, rng.choice(['PathPrefix', 'PathPrefix', 'Exact', 'Exact', 'RegularExpression', None])
    if plain:
        kind = 'PathPrefix'
    if kind:
        out['path'] = {'type': kind, 'value': rng.choice(REGEXES if kind == 'RegularExpression' else PATHS)}
    if maybe(rng, 0.25):
        headers = []
        for _ in range(rng.choice([1, 1, 2])):
            regex = maybe(rng, 0.4)
            headers.append({'name': rng.choice(['x-a', 'X-A', 'x-b', 'Host', 'cookie', 'x-forwarded-proto', 'user-agent', 'x_a']), 'value': rng.choice(['1', '^1$', 'a.', '[', '(?i)B', '1, 2', '.']) if regex else rng.choice(['1', '2', 'ab', 'b', '1, 2', '1,2', 'https', 'shop.example.com']),
                            **({'type': 'RegularExpression'} if regex else {})})
        out['headers'] = named(headers)
    if maybe(rng, 0.2):
        queries = []
        for _ in range(rng.choice([1, 1, 2])):
            regex = maybe(rng, 0.4)
            queries.append({'name': rng.choice(['x', 'X', 'y', 'a']), 'value': rng.choice(['1', '^1', '.', '[']) if regex else rng.choice(['1', '2', '1 2', '1+2', 'b?c']), **({'type': 'RegularExpression'} if regex else {})})
        out['queryParams'] = named(queries)
    if maybe(rng, 0.15):
        out['method'] = rng.choice(METHODS)
    return out


def modifier(rng, names):
    out = {}
    if maybe(rng, 0.6):
        out['set'] = named([{'name': rng.choice(names), 'value': rng.choice(['one', 'two', 'a, b', '%REQ(X-A)%', '"q"', '${x}'])} for _ in range(rng.choice([1, 2]))])
    if maybe(rng, 0.5):
        out['add'] = named([{'name': rng.choice(names), 'value': rng.choice(['three', 'four'])} for _ in range(rng.choice([1, 2]))])
    if maybe(rng, 0.4) or not out:
        out['remove'] = sorted({rng.choice(names) for _ in range(rng.choice([1, 2]))})
    return out


def path_of(rng, prefix):
    kind = rng.choice(['ReplaceFullPath'] + (['ReplacePrefixMatch'] * 2 if prefix else []))
    return {'type': kind, kind[0].lower() + kind[1:]: rng.choice(TEXTS)}


def filters(rng, prefix, backend=False):
    out = []
    what = rng.random()
    if what < 0.15 and not backend:
        redirect = {}
        if maybe(rng, 0.7):
            redirect['statusCode'] = rng.choice([301, 302, 303, 307, 308])
        for key, values in (('scheme', ['https', 'http']), ('hostname', ['new.example.org']), ('port', [80, 443, 8443])):
            if maybe(rng, 0.35):
                redirect[key] = rng.choice(values)
        if maybe(rng, 0.5):
            redirect['path'] = path_of(rng, prefix)
        out.append({'type': 'RequestRedirect', 'requestRedirect': redirect})
    elif what < 0.4:
        rewrite = {**({'path': path_of(rng, prefix)} if maybe(rng, 0.8) else {}), **({'hostname': 'inner.example.org'} if maybe(rng, 0.4) else {})}
        out.append({'type': 'URLRewrite', 'urlRewrite': rewrite})
    if maybe(rng, 0.25):
        names = ['X-A', 'X-B', 'x-a', 'Host', 'X-Forwarded-For', 'X-Forwarded-Proto', 'X-Real-Ip', 'User-Agent', 'Accept-Encoding', 'x-forwarded-host', 'x_a']
        out.append({'type': 'RequestHeaderModifier', 'requestHeaderModifier': modifier(rng, names)})
    if maybe(rng, 0.25):
        names = ['X-A', 'X-B', 'Server', 'Location', 'Set-Cookie', 'Cache-Control', 'X-Content-Type-Options', 'Strict-Transport-Security', 'x-a']
        out.append({'type': 'ResponseHeaderModifier', 'responseHeaderModifier': modifier(rng, names)})
    if maybe(rng, 0.04):
        out.append({'type': 'CORS', 'cors': {'allowOrigins': ['https://app.test']}})
    if maybe(rng, 0.04):
        out.append({'type': 'RequestMirror', 'requestMirror': {'backendRef': {'name': 's1', 'port': 80}}})
    if maybe(rng, 0.04):
        out.append({'type': 'ExtensionRef', 'extensionRef': rng.choice([{'group': 'example.org', 'kind': 'Filter', 'name': 'x'}, {'group': 'traefik.io', 'kind': 'Middleware', 'name': 'absent'}])})
    rng.shuffle(out)
    return out


def backend(rng, prefix):
    out = {'name': rng.choice(['s0', 's1', 's2', 's0', 's1', 's2', rng.choice(sorted(SERVICES) + ['absent'])]), 'port': 80}
    spec = SERVICES.get(out['name'])
    if spec:
        out['port'] = rng.choice(spec['ports'])['port']
    if maybe(rng, 0.03):
        out['port'] = 82
    if maybe(rng, 0.1):
        found = filters(rng, prefix, True)
        if found:
            out['filters'] = found
    if maybe(rng, 0.2):
        out['weight'] = rng.choice([0, 0, 1, 2])
    return out


def rule(rng):
    plain = maybe(rng, 0.4)
    matches = [match(rng, plain) for _ in range(1 if plain else rng.choice([1, 1, 2]))]
    if plain:
        matches[0]['path']['type'] = 'PathPrefix'
    out = {'matches': matches}
    if maybe(rng, 0.03):
        out = {}
    found = filters(rng, plain)
    if found:
        out['filters'] = found
    if not any(one['type'] == 'RequestRedirect' for one in found) and not maybe(rng, 0.03):
        out['backendRefs'] = [backend(rng, plain) for _ in range(rng.choice([1, 1, 1, 1, 2]))]
    return out


def request(rng):
    out = {'host': rng.choice(ASKED), 'path': rng.choice(ASKED_PATHS)}
    if maybe(rng, 0.2):
        out['method'] = rng.choice(METHODS + ['get', 'FOO', 'TRACE', 'CONNECT'][:3])
    if maybe(rng, 0.15):
        out['scheme'] = 'https'
        if maybe(rng, 0.3):
            out['protocol'] = 'h2'
    headers = {}
    while maybe(rng, 0.35):
        name = rng.choice(sorted(SENT))
        headers[name] = rng.choice(SENT[name])
    if len({name.lower() for name in headers}) == len(headers) and headers and out.get('protocol') != 'h2':
        out['headers'] = headers
    if out.get('method') in ('POST', 'PUT') and maybe(rng, 0.5):
        out['body_bytes'] = 10
    if maybe(rng, 0.03):
        out['http_version'] = '1.0'
    if maybe(rng, 0.05) and 'protocol' not in out:
        out['host'] = rng.choice([None, ''])
    return {'request': out}


def case(rng, number, requests):
    core = f'{GATEWAY}/v1'
    listeners = [{'name': 'http', 'protocol': 'HTTP', 'port': 80}, {'name': 'tls', 'protocol': 'HTTPS', 'port': 443, 'tls': {'certificateRefs': [{'name': 'cert'}]}}]
    objects = [{'apiVersion': core, 'kind': 'Gateway', 'metadata': {'name': 'gw'}, 'spec': {'gatewayClassName': 'eg', 'listeners': listeners}},
               {'apiVersion': 'v1', 'kind': 'Secret', 'metadata': {'name': 'cert'}, 'type': 'kubernetes.io/tls', 'stringData': {'lab-cn': 'shop.example.com'}}]
    for name, spec in SERVICES.items():
        meta = {'name': name, **({'annotations': {'lab/endpoints': 'none'}} if name == 'empty' else {})}
        objects.append({'apiVersion': 'v1', 'kind': 'Service', 'metadata': meta, 'spec': spec})
    for position in range(rng.randint(1, 4)):
        names = rng.sample(HOSTS, rng.choice([1, 1, 2]))
        spec = {'parentRefs': [{'name': 'gw'}], 'rules': [rule(rng) for _ in range(rng.randint(1, 4))]}
        if None not in names:
            spec['hostnames'] = names
        objects.append({'apiVersion': core, 'kind': 'HTTPRoute', 'metadata': {'name': f'r{position}'}, 'spec': spec})
    return draw.case(f'oddities-{number}', objects, [request(rng) for _ in range(requests)])
