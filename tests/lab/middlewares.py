"""Random routes with Middlewares and TraefikServices of Traefik, whole and broken, and requests for them."""
import draw
from draw import maybe, some

GATEWAY = 'gateway.networking.k8s.io'
TRAEFIK = 'traefik.io/v1alpha1'
HOSTS = ['shop.example.com', 'api.example.com']
SERVICES = ['s0', 's1', 's2']
PASSWORDS = 'alice:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\n'
ORIGINS = ['https://app.test', 'http://app.test:8080', 'https://x.test', '*']
CLIENTS = ['198.51.100.7', '203.0.113.7', '10.1.2.3']


def cors(rng):
    out = {'accessControlAllowMethods': some(rng, ['GET', 'PUT', 'POST', 'OPTIONS']), 'accessControlMaxAge': rng.choice([0, 600])}
    if maybe(rng, 0.7):
        out['accessControlAllowOriginList'] = some(rng, ORIGINS)
    if maybe(rng, 0.4):
        out['accessControlAllowOriginListRegex'] = [rng.choice([r'^https://[^.]+\.test$', 'app', '('])]
    for key, value in (('accessControlAllowHeaders', ['X-One', 'Content-Type']), ('accessControlExposeHeaders', ['X-Out']), ('accessControlAllowCredentials', True), ('addVaryHeader', True)):
        if maybe(rng, 0.4):
            out[key] = value
    if maybe(rng, 0.2):
        del out['accessControlMaxAge']
    if maybe(rng, 0.15):
        del out['accessControlAllowMethods']
    return out


def forward_auth(rng):
    address = 'http://' + rng.choice(['auth.default.svc.cluster.local', 'auth.default.svc', 'auth.default.svc.cluster.local:80']) + rng.choice(['', '/', '/verify', '/verify?x=1', '/lab/status/204', '/lab/status/403', '/lab/status/500'])
    out = {'address': address}
    if maybe(rng, 0.5):
        out['authResponseHeaders'] = ['X-Auth-User']
    if maybe(rng, 0.15):
        out['authSigninURL'] = 'http://sign.test/in'
    if maybe(rng, 0.1):
        out['trustForwardHeader'] = True
    return out


def spec(rng):
    """What a Middleware does; sometimes nothing that can be done."""
    what = rng.choice(['allow', 'allow', 'password', 'password', 'auth', 'auth', 'cors', 'cors', 'cors', 'body', 'rewrite', 'rewrite', 'rewrite', 'retry', 'rate', 'many', 'other'])
    if what == 'allow':
        out = {'sourceRange': some(rng, ['198.51.100.0/24', '10.0.0.0/8', '203.0.113.7', '0.0.0.0/0', '2001:db8::/32', '198.51.100.7/8'])}
        if maybe(rng, 0.1):
            out = rng.choice([{'sourceRange': []}, {'sourceRange': ['x']}, {**out, 'rejectStatusCode': 404}, {**out, 'ipStrategy': {'depth': 1}}])
        return {'ipAllowList': out}
    if what == 'password':
        out = {'secret': rng.choice(['users', 'users', 'users', 'basic', 'wrong', 'nobody', 'many'])}
        if maybe(rng, 0.5):
            out['removeHeader'] = True
        if maybe(rng, 0.5):
            out['realm'] = 'here'
        return {'basicAuth': out}
    if what == 'auth':
        return {'forwardAuth': forward_auth(rng)}
    if what == 'cors':
        return {'headers': cors(rng)}
    if what == 'body':
        return {'buffering': {'maxRequestBodyBytes': rng.choice([0, 100, 1000])}}
    if what == 'rewrite':
        regex, replacement = rng.choice([('(?i)^/a/(.*)$', '/x/${1}'), ('(?i)^/a(/|$)(.*)$', '/${2}'), ('^/a', '/n'), ('/b', '/c?q=1'), ('(?i)^/.*$', '/fixed'), ('^/(a|b)', '/${1}${1}'), ('a', '$1x'), ('^/a/(?P<rest>.*)', '/$rest'), ('x', 'y z'), ('%20', '-'), (' ', '-'), ('(', '/'), ('^/a.*', ''), ('^/a/(.*)', '${1}'), ('^/b/(.*)$', '/é/${1}')])
        return {'replacePathRegex': {'regex': regex, 'replacement': replacement}}
    if what == 'retry':
        return {'retry': {'attempts': rng.choice([1, 3])}}
    if what == 'rate':
        return rng.choice([{'rateLimit': {'average': 1000, 'period': '1s', 'burst': 1000}}, {'inFlightReq': {'amount': 1000, 'sourceCriterion': {'ipStrategy': {'depth': 0}}}}])
    if what == 'many':
        return {'headers': cors(rng), 'ipAllowList': {'sourceRange': ['198.51.100.0/24']}}
    return rng.choice([{'stripPrefix': {'prefixes': ['/a']}}, {'addPrefix': {'prefix': '/p'}}, {'redirectScheme': {'scheme': 'https'}}, {'headers': {'customRequestHeaders': {'X-A': 'b'}}}, {'compress': {}},
                       {'replacePath': {'path': '/r'}}, {}, {'headers': {'customResponseHeaders': {'X-A': 'b'}}}, {'redirectRegex': {'regex': '^http://', 'replacement': 'https://'}}])


def traefik_service(rng):
    entry = {'name': rng.choice(SERVICES + ['absent', 'empty', 'secure']), 'port': 80}
    if entry['name'] == 'secure':
        entry['port'] = 443
    if maybe(rng, 0.3):
        entry['serversTransport'] = rng.choice(['st', 'st', 'nost'])
    if maybe(rng, 0.3):
        entry['scheme'] = rng.choice(['http', 'https', 'h2c'])
    if maybe(rng, 0.3):
        entry['sticky'] = {'cookie': {'name': 'route', 'path': '/', 'httpOnly': True}}
    if maybe(rng, 0.2):
        entry['nativeLB'] = True
    if maybe(rng, 0.2):
        entry['strategy'] = rng.choice(['leasttime', 'p2c', 'wrr'])
    entries = [entry]
    if maybe(rng, 0.15):
        entries.append({'name': 's1', 'port': 80, 'weight': rng.choice([0, 1])})
    return {rng.choice(['weighted', 'weighted', 'highestRandomWeight']): {'services': entries}}


def rule(rng, number, own, services):
    match = {'path': {'type': rng.choice(['PathPrefix', 'PathPrefix', 'Exact']), 'value': ['/a', '/a/b', '/b', '/'][number % 4]}}
    filters = [{'type': 'ExtensionRef', 'extensionRef': {'group': 'traefik.io', 'kind': 'Middleware', 'name': name}} for name in rng.sample(own, rng.choice([0, 1, 1, 1, min(2, len(own))]))]
    if maybe(rng, 0.06):
        filters.append({'type': 'ExtensionRef', 'extensionRef': {'group': 'traefik.io', 'kind': 'Middleware', 'name': 'absent'}})
    if maybe(rng, 0.15):
        filters.append({'type': 'URLRewrite', 'urlRewrite': {'hostname': 'inner.test', **({'path': {'type': 'ReplaceFullPath', 'replaceFullPath': '/full'}} if maybe(rng, 0.5) else {})}})
    if maybe(rng, 0.15):
        filters.append({'type': 'RequestHeaderModifier', 'requestHeaderModifier': {'set': [{'name': 'X-A', 'value': 'one'}], 'remove': ['Authorization']}})
    if maybe(rng, 0.2):
        filters.append({'type': 'ResponseHeaderModifier', 'responseHeaderModifier': {'set': [{'name': 'X-B', 'value': 'one'}], 'add': [{'name': 'Vary', 'value': 'Accept'}]}})
    redirect = maybe(rng, 0.08)
    if redirect and not any(one['type'] == 'URLRewrite' for one in filters):
        filters.append({'type': 'RequestRedirect', 'requestRedirect': {'scheme': 'https', 'statusCode': 301}})
    else:
        redirect = False
    rng.shuffle(filters)
    out = {'matches': [match]}
    if filters:
        out['filters'] = filters
    if not redirect:
        out['backendRefs'] = []
        for _ in range(rng.choice([1, 1, 1, 2])):
            if services and maybe(rng, 0.4):
                one = {'group': 'traefik.io', 'kind': 'TraefikService', 'name': rng.choice(services + (['absent'] if maybe(rng, 0.1) else [])), 'port': 80}
            else:
                one = {'name': rng.choice(SERVICES), 'port': 80}
            if maybe(rng, 0.08) and own:
                one['filters'] = [{'type': 'ExtensionRef', 'extensionRef': {'group': 'traefik.io', 'kind': 'Middleware', 'name': rng.choice(own)}}]
            out['backendRefs'].append(one)
    return out


def request(rng):
    path = rng.choice(['/a', '/a', '/a/', '/b', '/', '/a/x', '/a/b', '/a/b/c', '/A/x', '/b/12', '/a//b', '/a%2Fb', '/a/x%20y', '/b/x?y=1', '/a/x?y=1', '/a/%C3%A9'])
    tail = rng.choice(['', '', '', '', '/lab/status/404', '/lab/status/503'])
    out = {'host': rng.choice([HOSTS[0]] * 9 + [HOSTS[1]] * 5 + ['other.test']), 'path': path if '?' in path else path.rstrip('/') + tail or '/'}
    if maybe(rng, 0.15):
        out['scheme'] = 'https'
    if maybe(rng, 0.4):
        out['from'] = rng.choice(CLIENTS)
    headers = {}
    if maybe(rng, 0.4):
        headers['Origin'] = rng.choice(['https://app.test', 'https://x.test', 'https://y.test', 'http://app.test:8080', 'null', 'HTTPS://APP.TEST'])
        if maybe(rng, 0.5):
            draw.preflight(rng, out, headers)
    if maybe(rng, 0.45):
        headers['Authorization'] = rng.choice(['Basic YWxpY2U6cGFzc3dvcmQ=', 'Basic YWxpY2U6cGFzc3dvcmQ=', 'basic YWxpY2U6cGFzc3dvcmQ=', 'Basic YWxpY2U6d3Jvbmc=', 'Bearer good', 'Bearer good', 'Bearer bad'])
    if maybe(rng, 0.2):
        headers['X-Forwarded-For'] = rng.choice(['203.0.113.7', '10.1.2.3, 203.0.113.7'])
    if maybe(rng, 0.15):
        headers[rng.choice(['X-Auth-User', 'X-A'])] = 'mine'
    if headers:
        out['headers'] = headers
    draw.with_body(rng, out, [50, 100, 101, 1000, 1001])
    return {'request': out}


def case(rng, number, requests):
    core = f'{GATEWAY}/v1'
    listeners = [{'name': 'http', 'protocol': 'HTTP', 'port': 80}, {'name': 'tls', 'protocol': 'HTTPS', 'port': 443, 'tls': {'certificateRefs': [{'name': 'cert'}]}}]
    objects = [{'apiVersion': core, 'kind': 'Gateway', 'metadata': {'name': 'gw'}, 'spec': {'gatewayClassName': 'eg', 'listeners': listeners}}]
    for name, port, annotations in [(name, 80, {}) for name in SERVICES] + [('auth', 80, {'lab/role': 'auth'}), ('empty', 80, {'lab/endpoints': 'none'}), ('secure', 443, {})]:
        meta = {'name': name, **({'annotations': annotations} if annotations else {})}
        objects.append({'apiVersion': 'v1', 'kind': 'Service', 'metadata': meta, 'spec': {'ports': [{'port': port}]}})
    secrets = [('users', 'Opaque', {'users': PASSWORDS}), ('wrong', 'Opaque', {'auth': PASSWORDS}), ('many', 'Opaque', {'users': PASSWORDS, 'other': 'x'}), ('basic', 'kubernetes.io/basic-auth', {'username': 'alice', 'password': 'password'})]
    objects += [{'apiVersion': 'v1', 'kind': 'Secret', 'metadata': {'name': name}, 'type': kind, 'stringData': data} for name, kind, data in secrets]
    objects.append({'apiVersion': 'v1', 'kind': 'Secret', 'metadata': {'name': 'cert'}, 'type': 'kubernetes.io/tls', 'stringData': {'lab-cn': '*.example.com'}})
    own = [f'm{one}' for one in range(rng.randint(1, 4))]
    objects += [{'apiVersion': TRAEFIK, 'kind': 'Middleware', 'metadata': {'name': name}, 'spec': spec(rng)} for name in own]
    services = [f't{one}' for one in range(rng.randint(0, 2))]
    objects += [{'apiVersion': TRAEFIK, 'kind': 'TraefikService', 'metadata': {'name': name}, 'spec': traefik_service(rng)} for name in services]
    objects.append({'apiVersion': TRAEFIK, 'kind': 'ServersTransport', 'metadata': {'name': 'st'}, 'spec': rng.choice([{'insecureSkipVerify': True}, {'forwardingTimeouts': {'dialTimeout': '5s'}}])})
    for position in range(rng.randint(1, 3)):
        rules = [rule(rng, one, own, services) for one in range(rng.choice([1, 2, 3, 4]))]
        objects.append({'apiVersion': core, 'kind': 'HTTPRoute', 'metadata': {'name': f'r{position}'},
                        'spec': {'parentRefs': [{'name': 'gw'}], **({'hostnames': [HOSTS[position]]} if position < 2 else {}), 'rules': rules}})
    return draw.case(f'middlewares-{number}', objects, [request(rng) for _ in range(requests)])
