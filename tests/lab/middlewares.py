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
        out['accessControlAllowOriginListRegex'] = [rng.choice([r'^https://[^.]+\.test$', 'app', '(', r'^[^.]+\.app\.test$', '.*'])]
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


def retry(rng):
    out = {'attempts': rng.choice([1, 2, 3, 3, 0])}
    for key, values in (('status', [['503'], ['404', '503'], ['500-599'], ['5xx'], []]), ('timeout', ['1s', '500ms']), ('retryNonIdempotentMethod', [True, False]), ('disableRetryOnNetworkError', [True, True, False]),
                        ('maxRequestBodyBytes', [100, -1])):
        if maybe(rng, 0.1 if key == 'maxRequestBodyBytes' else 0.4):
            out[key] = rng.choice(values)
    return out


def limit(rng):
    by = rng.choice([None, {'ipStrategy': {'depth': 0}}, {'requestHost': True}, {'requestHeaderName': 'X-A'}])
    source = {'sourceCriterion': by} if by else {}
    if maybe(rng, 0.5):
        return {'inFlightReq': {'amount': rng.choice([1, 1000]), **source}}
    return {'rateLimit': {'average': rng.choice([0, 1, 60, 1000]), 'period': rng.choice(['1s', '1m']), 'burst': rng.choice([1, 1000]), **source}}


def spec(rng):
    """What a Middleware does; sometimes nothing that can be done."""
    what = rng.choice(['allow', 'allow', 'password', 'password', 'auth', 'auth', 'cors', 'cors', 'cors', 'body', 'rewrite', 'rewrite', 'rewrite', 'retry', 'retry', 'rate', 'rate', 'forged', 'forged', 'many', 'other'])
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
        regex, replacement = rng.choice([('(?i)^/a/(.*)$', '/x/${1}'), ('(?i)^/a(/|$)(.*)$', '/${2}'), ('^/a', '/n'), ('/b', '/c?q=1'), ('(?i)^/.*$', '/fixed'), ('^/(a|b)', '/${1}${1}'), ('a', '$1x'), ('^/a/(?P<rest>.*)', '/$rest'), ('x', 'y z'), ('%20', '-'), (' ', '-'), ('(', '/'), ('^/a.*', ''), ('^/a/(.*)', '${1}'), ('^/b/(.*)$', '/é/${1}'),
                                         ('(?i)^(?:/a|/b/.*)$', '/bar'), ('(?i)^/a/([^/]+)/?(.*)$', '/${2}/${1}'), ('(?i)^/a.*$', '/n?x=${0}'), ('^/(a)(/(.*))?$', '/s${2}'), ('(?i)^/b/([0-9]+)$', '/id/${1}'), ('^(.*)$', '/all${1}'), ('/$', ''), (' ^/a', '/n ')])
        return {'replacePathRegex': {'regex': regex, 'replacement': replacement}}
    if what == 'retry':
        return {'retry': retry(rng)}
    if what == 'rate':
        return limit(rng)
    if what == 'forged':
        names = some(rng, ['X-Auth-Request-Redirect', 'X-Original-Method', 'x-original-url', 'X-Sent-From', 'X-Original-URI', 'X-Scheme', 'X-A', 'Authorization', 'X-Forwarded-For', 'Host', 'X-Real-Ip', 'Origin'], 4)
        return {'headers': {'customRequestHeaders': {name: '' for name in names}}}
    if what == 'many':
        return {'headers': cors(rng), 'ipAllowList': {'sourceRange': ['198.51.100.0/24']}}
    return rng.choice([{'stripPrefix': {'prefixes': ['/a']}}, {'addPrefix': {'prefix': '/p'}}, {'redirectScheme': {'scheme': 'https'}}, {'headers': {'customRequestHeaders': {'X-A': 'b'}}}, {'compress': {}},
                       {'replacePath': {'path': '/r'}}, {}, {'headers': {'customResponseHeaders': {'X-A': 'b'}}}, {'redirectRegex': {'regex': '^http://', 'replacement': 'https://'}}])


def transport(rng):
    """How backends are spoken to."""
    out = rng.choice([{}, {'insecureSkipVerify': True}, {'insecureSkipVerify': True}, {'serverName': 'secure', 'rootCAs': [{'configMap': 'ca'}]}, {'serverName': 'secure.test', 'rootCAs': [{'secret': 'ca'}]},
                      {'serverName': 'other.test', 'rootCAs': [{'configMap': 'ca'}]}, {'rootCAs': [{rng.choice(['secret', 'configMap']): 'absent'}]}])
    times = {}
    if maybe(rng, 0.4):
        times['dialTimeout'] = '5s'
    if maybe(rng, 0.3):
        times['responseHeaderTimeout'] = '1s'
    return {**out, 'forwardingTimeouts': times} if times else out


def traefik_service(rng):
    entry = {'name': rng.choice(SERVICES + ['absent', 'empty', 'secure']), 'port': 80}
    if entry['name'] == 'secure':
        entry['port'] = 443
    if maybe(rng, 0.3):
        entry['serversTransport'] = rng.choice(['st', 'st', 'nost'])
    if maybe(rng, 0.3) or entry['name'] == 'secure':
        entry['scheme'] = rng.choice(['http', 'https', 'https', 'h2c'])
    if maybe(rng, 0.3):
        entry['sticky'] = {'cookie': {'name': 'route', 'path': rng.choice(['/', '/a']), 'httpOnly': True}}
        for key, values in (('domain', ['example.com']), ('maxAge', [600]), ('sameSite', ['none', 'lax', 'strict']), ('secure', [True])):
            if maybe(rng, 0.3):
                entry['sticky']['cookie'][key] = rng.choice(values)
    if maybe(rng, 0.2):
        entry['nativeLB'] = True
    if maybe(rng, 0.2):
        entry['strategy'] = rng.choice(['leasttime', 'p2c', 'wrr', 'hrw', 'hrw'])
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
    tail = rng.choice(['', '', '', '', '', '', '', '', '/lab/status/404', '/lab/status/503', '/lab/status/500', '/lab/status/503', '/lab/sleep/1500' if maybe(rng, 0.3) else ''])
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
        headers[rng.choice(['X-Auth-User', 'X-A', 'x-original-url', 'X-Scheme', 'X-Real-Ip', 'X-Sent-From'])] = 'mine'
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
    objects.append({'apiVersion': 'v1', 'kind': 'ConfigMap', 'metadata': {'name': 'ca'}, 'data': {'lab-ca': 'any'}})
    objects.append({'apiVersion': TRAEFIK, 'kind': 'ServersTransport', 'metadata': {'name': 'st'}, 'spec': transport(rng)})
    for position in range(rng.randint(1, 3)):
        rules = [rule(rng, one, own, services) for one in range(rng.choice([1, 2, 3, 4]))]
        objects.append({'apiVersion': core, 'kind': 'HTTPRoute', 'metadata': {'name': f'r{position}'},
                        'spec': {'parentRefs': [{'name': 'gw'}], **({'hostnames': [HOSTS[position]]} if position < 2 else {}), 'rules': rules}})
    return draw.case(f'middlewares-{number}', objects, [request(rng) for _ in range(requests)])
