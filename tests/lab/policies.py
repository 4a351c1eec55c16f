"""Random Gateways, routes and policies of Envoy Gateway, and requests for them: hostile, but valid for an API server."""
import draw
from draw import maybe, some

GATEWAY = 'gateway.networking.k8s.io'
ENVOY = 'gateway.envoyproxy.io/v1alpha1'
HOSTS = ['shop.example.com', 'api.example.com']
SERVICES = ['s0', 's1']
PASSWORDS = 'alice:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\n'
NETWORKS = ['198.51.100.0/24', '10.0.0.0/8', '203.0.113.7/32', '0.0.0.0/0', '2001:db8::/32']
CLIENTS = ['198.51.100.7', '203.0.113.7', '203.0.113.8', '10.1.2.3']
ORIGINS = ['https://app.test', 'https://*.test', '*', 'http://app.test:8080']
ASKED_ORIGINS = ['https://app.test', 'https://x.test', 'http://app.test:8080', 'http://app.test', 'null']


def modifier(rng):
    """Changes of headers."""
    out = {}
    if maybe(rng, 0.6):
        out['set'] = [{'name': rng.choice(['X-A', 'X-B', 'Cache-Control']), 'value': rng.choice(['one', 'two', 'a, b', '%%20', '%REQ(X-C)%'])}]
    if maybe(rng, 0.5):
        out['add'] = [{'name': rng.choice(['X-A', 'X-C']), 'value': rng.choice(['three', 'four'])}]
    if maybe(rng, 0.4) or not out:
        out['remove'] = [rng.choice(['X-B', 'X-C', 'Server', 'Accept'])]
    return out


def cors_filter(rng):
    out = {'allowOrigins': some(rng, ['https://app.test', 'https://*.test', 'http://app.test:8080'])}
    if maybe(rng, 0.5):
        out['allowMethods'] = some(rng, ['GET', 'PUT', 'POST'])
    if maybe(rng, 0.4):
        out['allowHeaders'] = some(rng, ['X-One', 'Content-Type'])
    if maybe(rng, 0.4):
        out['exposeHeaders'] = ['X-Out']
    if maybe(rng, 0.4):
        out['maxAge'] = rng.choice([5, 600])
    if maybe(rng, 0.4):
        out['allowCredentials'] = rng.choice([True, False])
    return out


def filters(rng, own):
    out = []
    what = rng.random()
    if what < 0.12:
        return [{'type': 'RequestRedirect', 'requestRedirect': {'scheme': 'https', 'statusCode': rng.choice([301, 302, 307, 308])}}]
    if own and what < 0.35:
        out.append({'type': 'ExtensionRef', 'extensionRef': {'group': ENVOY.split('/')[0], 'kind': 'HTTPRouteFilter', 'name': rng.choice(own)}})
    elif what < 0.5:
        kind = rng.choice(['ReplaceFullPath', 'ReplacePrefixMatch'])
        out.append({'type': 'URLRewrite', 'urlRewrite': {'path': {'type': kind, kind[0].lower() + kind[1:]: rng.choice(['/', '/n', '/n/'])}}})
    if maybe(rng, 0.25):
        out.append({'type': 'RequestHeaderModifier', 'requestHeaderModifier': modifier(rng)})
    if maybe(rng, 0.25):
        out.append({'type': 'ResponseHeaderModifier', 'responseHeaderModifier': modifier(rng)})
    if maybe(rng, 0.15):
        out.append({'type': 'CORS', 'cors': cors_filter(rng)})
    if maybe(rng, 0.1):
        out.append({'type': 'RequestMirror', 'requestMirror': {'backendRef': {'name': rng.choice(['copies', 'copies', 'absent']), 'port': 80}}})
    return out


def rule(rng, number, own):
    match = {'path': {'type': 'PathPrefix', 'value': ['/a', '/b', '/'][number % 3]}}
    if maybe(rng, 0.15):
        match['headers'] = [{'name': 'x-c', 'value': '1'}]
    out = {'name': f'rule{number}', 'matches': [match]}
    found = filters(rng, own)
    if found:
        out['filters'] = found
    if not any(one['type'] == 'RequestRedirect' for one in found):
        backends = [{'name': rng.choice(SERVICES), 'port': 80}]
        if maybe(rng, 0.12):
            backends = [{'name': rng.choice(['absent', 'empty', 's0']), 'port': rng.choice([80, 81])}]
        if maybe(rng, 0.1):
            backends.append({'name': rng.choice(SERVICES + ['absent']), 'port': 80, 'weight': 0})
        if maybe(rng, 0.12):
            backends[0]['filters'] = [{'type': 'RequestHeaderModifier', 'requestHeaderModifier': modifier(rng)}]
        if maybe(rng, 0.05):
            backends = []
        if backends:
            out['backendRefs'] = backends
    if maybe(rng, 0.15):
        out['timeouts'] = rng.choice([{'request': '150ms'}, {'request': '500ms', 'backendRequest': '150ms'}, {'request': '0s'}, {'backendRequest': '150ms'}])
    return out


def security(rng):
    spec = {}
    if maybe(rng, 0.45):
        cors = spec['cors'] = {'allowOrigins': some(rng, ORIGINS)}
        for key, values in (('allowMethods', ['GET', 'PUT']), ('allowHeaders', ['X-One']), ('exposeHeaders', ['X-Out']), ('maxAge', '10m'), ('allowCredentials', True)):
            if maybe(rng, 0.4):
                cors[key] = values
    if maybe(rng, 0.3):
        spec['basicAuth'] = {'users': {'name': rng.choice(['users', 'users', 'users', 'nobody', 'wrong'])}}
    if maybe(rng, 0.25):
        http = {'backendRefs': [{'name': rng.choice(['auth', 'auth', 'auth', 'absent']), 'port': 80}]}
        if maybe(rng, 0.4):
            http['path'] = rng.choice(['/verify', '/verify/'])
        if maybe(rng, 0.5):
            http['headersToBackend'] = ['x-auth-user']
        spec['extAuth'] = {'http': http}
        if maybe(rng, 0.3):
            spec['extAuth']['statusOnError'] = 503
    if maybe(rng, 0.35):
        rules = [{'action': rng.choice(['Allow', 'Deny']), 'principal': {'clientCIDRs': some(rng, NETWORKS)}} for _ in range(rng.randint(0, 2))]
        spec['authorization'] = {**({'defaultAction': rng.choice(['Allow', 'Deny'])} if maybe(rng, 0.7) else {}), **({'rules': rules} if rules else {})}
    return spec


def traffic(rng):
    spec = {}
    if maybe(rng, 0.3):
        spec['timeout'] = {'http': {'requestTimeout': rng.choice(['150ms', '500ms', '0s'])}}
    if maybe(rng, 0.3):
        spec['requestBuffer'] = {'limit': rng.choice(['100', '1Ki', 1000, '1k'])}
    if maybe(rng, 0.25):
        spec['faultInjection'] = {'abort': {'httpStatus': rng.choice([418, 503]), **({'percentage': rng.choice([0, 100])} if maybe(rng, 0.5) else {})}}
    if maybe(rng, 0.45):
        overrides = []
        for _ in range(rng.randint(1, 2)):
            codes = [{'type': 'Value', 'value': rng.choice([404, 401, 403, 500, 503])}] if maybe(rng, 0.6) else [{'type': 'Range', 'range': {'start': 500, 'end': 504}}]
            one = {'match': {'statusCodes': codes}}
            if maybe(rng, 0.75):
                one['response'] = {'contentType': 'text/plain', 'body': {'type': 'Inline', 'inline': 'own'}}
                if maybe(rng, 0.5):
                    one['response']['statusCode'] = rng.choice([200, 404, 503, 418])
            else:
                one['redirect'] = {'scheme': 'http', 'hostname': HOSTS[0], 'path': {'type': 'ReplaceFullPath', 'replaceFullPath': '/b/page'}, 'statusCode': 302}
            overrides.append(one)
        spec['responseOverride'] = overrides
    if maybe(rng, 0.2):
        spec['retry'] = {'numRetries': 2, 'retryOn': {'httpStatusCodes': [503]}}
    if maybe(rng, 0.15):
        spec['loadBalancer'] = {'type': rng.choice(['RoundRobin', 'Random', 'LeastRequest'])}
    return spec


def client(rng):
    spec = {}
    if maybe(rng, 0.35):
        spec['path'] = {}
        if maybe(rng, 0.6):
            spec['path']['escapedSlashesAction'] = rng.choice(['KeepUnchanged', 'RejectRequest', 'UnescapeAndForward', 'UnescapeAndRedirect'])
        if maybe(rng, 0.6):
            spec['path']['disableMergeSlashes'] = rng.choice([True, False])
    if maybe(rng, 0.5):
        headers = spec['headers'] = {}
        if maybe(rng, 0.5):
            headers['withUnderscoresAction'] = rng.choice(['Allow', 'DropHeader', 'RejectRequest'])
        if maybe(rng, 0.2):
            headers['preserveXRequestID'] = True
        if maybe(rng, 0.3):
            headers['enableEnvoyHeaders'] = True
        if maybe(rng, 0.4):
            headers['earlyRequestHeaders'] = modifier(rng)
        if maybe(rng, 0.4):
            headers['lateResponseHeaders'] = modifier(rng)
    if maybe(rng, 0.35):
        spec['clientIPDetection'] = {'xForwardedFor': rng.choice([{'numTrustedHops': 1}, {'numTrustedHops': 2}, {'trustedCIDRs': ['198.51.100.0/24', '10.0.0.0/8']}])}
    if maybe(rng, 0.3):
        spec['connection'] = {'bufferLimit': '32Ki'}
    return spec


def own_filter(rng):
    what = rng.random()
    if what < 0.35:
        direct = {'contentType': 'text/plain', 'body': {'type': 'Inline', 'inline': rng.choice(['no', 'at 100%%', '%PROTOCOL%'])}}
        if maybe(rng, 0.7):
            direct['statusCode'] = rng.choice([403, 503, 200, 418])
        return {'directResponse': direct}
    if what < 0.75:
        pattern, text = rng.choice([('^/a/(.*)$', r'/x/\1'), ('/b', '/c'), ('[0-9]+', 'n'), ('^/(a|b)', r'/\1\1'), ('(?i)/A', '/low'), ('/', '//'), ('x$', '')])
        out = {'path': {'type': 'ReplaceRegexMatch', 'replaceRegexMatch': {'pattern': pattern, 'substitution': text}}}
        if maybe(rng, 0.2):
            out['hostname'] = {'type': 'Header', 'header': 'x-c'}
        return {'urlRewrite': out}
    return {'urlRewrite': {'hostname': rng.choice([{'type': 'Header', 'header': 'x-c'}, {'type': 'Backend'}])}}


def target(rng, kinds, routes):
    kind = rng.choice(kinds)
    ref = {'group': GATEWAY, 'kind': kind, 'name': 'gw' if kind == 'Gateway' else rng.choice(routes + ['nowhere'])}
    if maybe(rng, 0.35):
        ref['sectionName'] = rng.choice(['http', 'other', 'tls'] if kind == 'Gateway' else ['rule0', 'rule1', 'rule9'])
    return ref


def policy(rng, kind, number, routes):
    spec = {}
    while not spec:
        spec = {'SecurityPolicy': security, 'BackendTrafficPolicy': traffic, 'ClientTrafficPolicy': client}[kind](rng)
    ref = target(rng, ['Gateway'] if kind == 'ClientTrafficPolicy' else ['Gateway', 'HTTPRoute', 'HTTPRoute'], routes)
    spec = {'targetRefs': [ref], **spec}
    if kind != 'ClientTrafficPolicy' and ref['kind'] == 'HTTPRoute' and maybe(rng, 0.25):
        spec['mergeType'] = 'StrategicMerge'
    return {'apiVersion': ENVOY, 'kind': kind, 'metadata': {'name': f'p{number}'}, 'spec': spec}


def request(rng):
    path = rng.choice(['/a', '/a', '/b', '/b', '/', '/a/x', '/a/x', '/b/12', '/b/12', '/A', '/bx', '/a//b', '/a%2Fb', '/b/x?y=1'])
    tail = rng.choice(['', '', '', '', '/lab/status/404', '/lab/status/503', '/lab/status/401', '/lab/sleep/300'])
    out = {'host': rng.choice([HOSTS[0]] * 9 + [HOSTS[1]] * 5 + ['other.test']), 'path': path if '?' in path else path.rstrip('/') + tail or '/'}
    if maybe(rng, 0.2):
        out['port'] = 8080
    elif maybe(rng, 0.15):
        out['scheme'] = 'https'
    if maybe(rng, 0.3):
        out['from'] = rng.choice(CLIENTS)
    headers = {}
    if maybe(rng, 0.3):
        headers['Origin'] = rng.choice(ASKED_ORIGINS)
        if maybe(rng, 0.4):
            draw.preflight(rng, out, headers)
    if maybe(rng, 0.35):
        headers['Authorization'] = rng.choice(['Basic YWxpY2U6cGFzc3dvcmQ=', 'Basic YWxpY2U6d3Jvbmc=', 'Bearer good', 'Bearer bad'])
    if maybe(rng, 0.2):
        headers['X-Forwarded-For'] = rng.choice(['203.0.113.7', '10.1.2.3, 203.0.113.7', '203.0.113.8,10.9.9.9'])
    if maybe(rng, 0.15):
        headers[rng.choice(['my_header', 'X-B', 'X-A'])] = 'mine'
    if maybe(rng, 0.3):
        headers['X-C'] = rng.choice(['1', 'inner.test'])
    if headers:
        out['headers'] = headers
    draw.with_body(rng, out, [50, 100, 101, 1000, 1001, 1024, 1025])
    return {'request': out}


def case(rng, number, requests):
    routes = [f'r{one}' for one in range(rng.randint(1, 3))]
    own = [f'f{one}' for one in range(rng.randint(0, 2))]
    core = f'{GATEWAY}/v1'
    listeners = [{'name': 'http', 'protocol': 'HTTP', 'port': 80}, {'name': 'other', 'protocol': 'HTTP', 'port': 8080},
                 {'name': 'tls', 'protocol': 'HTTPS', 'port': 443, 'tls': {'certificateRefs': [{'name': 'cert'}]}}]
    objects = [{'apiVersion': core, 'kind': 'Gateway', 'metadata': {'name': 'gw'}, 'spec': {'gatewayClassName': 'eg', 'listeners': listeners}}]
    services = [(name, {}) for name in SERVICES + ['copies']] + [('auth', {'lab/role': 'auth'}), ('empty', {'lab/endpoints': 'none'})]
    for name, annotations in services:
        meta = {'name': name, **({'annotations': annotations} if annotations else {})}
        objects.append({'apiVersion': 'v1', 'kind': 'Service', 'metadata': meta, 'spec': {'ports': [{'port': 80}]}})
    secrets = [('users', {'.htpasswd': PASSWORDS}), ('wrong', {'auth': PASSWORDS})]
    objects += [{'apiVersion': 'v1', 'kind': 'Secret', 'metadata': {'name': name}, 'stringData': data} for name, data in secrets]
    objects.append({'apiVersion': 'v1', 'kind': 'Secret', 'metadata': {'name': 'cert'}, 'type': 'kubernetes.io/tls', 'stringData': {'lab-cn': '*.example.com'}})
    for name in own:
        objects.append({'apiVersion': ENVOY, 'kind': 'HTTPRouteFilter', 'metadata': {'name': name}, 'spec': own_filter(rng)})
    policies = 0
    for kind, most in (('SecurityPolicy', 3), ('BackendTrafficPolicy', 3), ('ClientTrafficPolicy', 1)):
        for _ in range(rng.randint(0, most)):
            objects.append(policy(rng, kind, policies, routes))
            policies += 1
    for position, name in enumerate(routes):
        spec = {'parentRefs': [{'name': 'gw', **({'sectionName': rng.choice(['http', 'other'])} if maybe(rng, 0.15) else {})}],
                'hostnames': [HOSTS[position % 2]] if position < 2 else HOSTS, 'rules': [rule(rng, one, own) for one in range(rng.choice([1, 2, 2, 3, 3]))]}
        objects.append({'apiVersion': core, 'kind': 'HTTPRoute', 'metadata': {'name': name}, 'spec': spec})
    return draw.case(f'policies-{number}', objects, [request(rng) for _ in range(requests)])
