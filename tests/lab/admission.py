#!/usr/bin/env python3
"""Random objects and texts, asked of a real API server and of kubectl's reader, and of gateshift.

  admission.py gateway --lab DIR --gateshift BIN [--gateway-api VERSION] [--channel CHANNEL] [--cases N] [--seed N] [--keep DIR]
  admission.py ingress --lab DIR --gateshift BIN [--cases N] [--seed N] [--keep DIR]
  admission.py yaml --reader BIN --keep FILE [--cases N] [--seed N]
  admission.py record --lab DIR FILE...

Cases are recorded objects of testdata/admission and objects built from the fields of each kind, changed in one or two places: boundary
values, other types, fields added, removed and repeated. The API server of the lab is asked with dry runs, gateshift reads hundreds of
cases in one run. Every disagreement is printed, and kept as a file where `--keep` names a folder. Exit 1 where there is any. The same
seed gives the same cases. LAB_STATE and LAB_NETNS name the cluster, `get crds VERSION` of the lab brings other versions.

`yaml` asks the reader of kubectl (`go build -o BIN .` in `kubectl_reader`) and writes its answers down;
`GATESHIFT_TEXTS=FILE cargo test --test suite -- texts_that_kubectl_read` compares them. `record` asks the API server about the objects
in files of testdata/admission and writes its answers beside them.
"""
import argparse, base64, collections, copy, glob, http.client, json, os, random, re, shutil, subprocess, sys, tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
RECORDED = os.path.join(HERE, '../../testdata/admission')


# ---------------------------------------------------------------- the API server

class Server:
    """Dry runs over one connection."""

    def __init__(self, lab, version, channel):
        sys.path.insert(0, lab)
        import cluster
        cluster.use_venv()
        self.lab = cluster
        wanted = f'Gateway API {version} {channel}'
        try:
            with open(f'{cluster.STATE}/crds') as f:
                fresh = f.read() != wanted
        except OSError:
            fresh = True
        if fresh:
            cluster.stop()
        if not cluster.start(fresh, version, channel):
            cluster.enter()
        self.api = cluster.Api()
        self.schemas = f'{cluster.HOME}/crds/gateway-api-{version}-{channel}'
        for name in NAMESPACES:
            self.api.call('POST', '/api/v1/namespaces', {'metadata': {'name': name}})

    def create(self, text, validation):
        """(status, answer, warnings) of a dry run for the text of one object."""
        d = json.loads(text)
        api_version, kind = d.get('apiVersion'), d.get('kind')
        known = self.api.resource(api_version, kind) if isinstance(api_version, str) and isinstance(kind, str) and re.fullmatch('[a-z0-9./-]+', api_version) else None
        if not known:
            return 404, {'message': f'no matches for kind {kind!r} in version {api_version!r}'}, []
        meta = d.get('metadata')
        namespace = meta.get('namespace') if isinstance(meta, dict) else None
        namespace = namespace if isinstance(namespace, str) and re.fullmatch('[A-Za-z0-9._-]+', namespace) else 'default'
        root = '/api/v1' if api_version == 'v1' else f'/apis/{api_version}'
        path = root + (f'/namespaces/{namespace}' if known[1] else '') + f'/{known[0]}?dryRun=All&fieldValidation={validation}'
        for attempt in (0, 1):
            try:
                if self.api.connection is None:
                    self.api.call('GET', '/version')
                c = self.api.connection
                c.request('POST', path, text.encode(), {'Authorization': f'Bearer {self.api.token}', 'Content-Type': 'application/json', 'Accept': 'application/json'})
                r = c.getresponse()
                raw = r.read()
                return r.status, json.loads(raw), r.headers.get_all('Warning') or []
            except (OSError, http.client.HTTPException, ValueError):
                self.api.connection = None
                if attempt:
                    raise


NAMESPACES = ['web', 'n' * 63]


# ---------------------------------------------------------------- values

LONG = 'abcdefghij' * 30
STRINGS = ['', 'a', 'A', 'a.b', 'a-b', '-a', 'a-', 'a_b', 'a/b', '/a', '/', '*', '*.', '*.a', '*.a.b', 'a.*', '**.a', '1', '1a', '1.2.3.4', '1.2.3', '::1', '[::1]', '01.2.3.4', '1.2.3.4.', 'a..b', '.a', 'a.', 'a b', ' a', 'a ',
           'a\n', '\n', 'a\tb', 'é', 'a\u0301', '\U0001f600', '\u017f', '\u212a', 'K', 'a%2fb', '/a%2Fb', '/a%zz', '/%', '/a//b', '/./a', '/a/..', '/a/.', '/a/../b', '/a#b', '/a?b', '/ä', "/a'b", '/a"b', '/a\\b', '/a|b', '/a[b]', 'http://a', 'https://a.b:80',
           'https://*.a', 'https://*', 'http://a:99999', 'http://a:999999', 'http://a/', 'http://a?b', 'ftp://a', 'x+y.z://a', 'https://a#b', 'https://user@a', 'https://[::1]', 'spiffe://a/b', 'urn:a:b', '://a', 'a://', 'a:///b', 'null',
           '0s', '0', '0ms', '1s', '1.5s', '1m30s', '99999h', '100000s', '1h1m1s1ms', '1h1m1s1ms1h', '-1s', '10d', '1S', '9999ms', '00001s', '59m60s', '3600s', '3601s', '1h', '1h0m', '61m', 'HTTP', 'HTTPS', 'TLS', 'TCP', 'UDP', 'http', 'HTTP/2', 'example.com/x',
           'example.com/', '/x', 'a.b/c/d', 'Example.com/x', 'k8s.io/x', 'a.k8s.io/x', 'gateway.networking.k8s.io', 'gateway.networking.x-k8s.io', 'core', 'Service', 'Secret', 'ConfigMap', 'Gateway', 'XBackend', 'ClusterTrustBundle', 'certificates.k8s.io',
           'ListenerSet', 'XListenerSet', 'GET', 'get', 'x-a', 'X-A', 'x_a', 'x a', 'x:a', ':path', "!#$%&'*+-.^_`|~", 'x(a)', 'Exact', 'PathPrefix', 'RegularExpression', 'Prefix', '*', 'true', '$.a', '(', '[', 'a{1001}', '.svc', 'svc.', 'pkg.Svc', '.pkg.Svc',
           'pkg..Svc', 'Svc/M', '1Svc', 'a.cluster.local', 'cluster.local', '.cluster.local', 'System', 'IPAddress', 'Hostname', 'NamedAddress', 'xHostname', 'IPAddressx', 'Cluster', 'None', 'All', 'Same', 'Selector', 'Permanent', 'Session']
NUMBERS = [0, 1, -1, 2, 79, 80, 99, 100, 101, 199, 200, 299, 300, 301, 302, 303, 304, 307, 308, 309, 399, 400, 599, 600, 65535, 65536, 999999, 1000000, 1000001, 2**31 - 1, 2**31, -2**31, -2**31 - 1, 2**32, 2**53, 2**63 - 1, 2**63, -2**63, 2**64, 0.5, 80.5, 1e300, -0.0]
OTHERS = [None, True, False, '', 'x', 0, 1, 1.5, [], {}, ['x'], [None], [{}], [[]], {'x': 'y'}, {'name': 'x'}, '80', 'true']
KEYS = ['a', 'A', 'a/b', 'A/b', 'a.b/c', 'a_b', '_a', 'a_', 'a-', '-a', 'a.', '.a', 'a/', '/a', 'a/b/c', 'a b', 'é', '', '/', '1', 'k' * 63, 'k' * 64, 'p' * 252 + '/a', 'p' * 253 + '/a', 'p' * 254 + '/a', ('p' * 60 + '.') * 4 + 'pppppppp/a', ('p' * 60 + '.') * 4 + 'ppppppppp/a', ('p' * 60 + '.') * 4 + 'pppppppppp/a', 'a.b-/c', 'a..b/c',
        'kubernetes.io/x', 'gateway.networking.k8s.io/x', 'a\n', 'a/b\n', 'a\n/b', 'a!b', "a'b"]
VALUES = ['', 'a', 'A-b_c.d', '-a', 'a-', 'a b', 'a/b', 'é', 'v' * 63, 'v' * 64, 'a\n', '*', 'a:b', '1', '.', '_', 'v' * 4096, 'v' * 4097]


def sized(rng, size, like=''):
    """Text of exactly that many characters, of several shapes."""
    if size <= 0:
        return ''
    shape = rng.choice(['plain', 'labels', 'labels', 'slash', 'wild', 'é', 'like', 'zero', 'origin'])
    if shape == 'labels':
        text = '.'.join(['a' * 60] * (size // 61 + 1))[:size]
        return text[:-1] + 'a' if text.endswith('.') else text
    if shape == 'slash':
        return ('/' + 'a' * size)[:size]
    if shape == 'wild':
        return ('*.' + 'a' * size)[:size]
    if shape == 'origin':
        return ('https://' + 'a' * size)[:size]
    if shape == 'é':
        return 'é' * size
    if shape == 'zero':
        return '1' * size
    if shape == 'like' and like:
        return (like + like[-1:] * size)[:size]
    return 'a' * size


def fitting(pattern, cache={}):
    """The strings of the pool that a pattern takes."""
    if pattern not in cache:
        try:
            regex = re.compile(pattern.replace(r'\/', '/').replace('[[:', '[').replace(':]]', ']'))
            cache[pattern] = [s for s in STRINGS if regex.search(s) and not s.endswith('\n')] or ['a']
        except re.error:
            cache[pattern] = STRINGS
    return cache[pattern]


class Builder:
    """Objects from the schema of a kind."""

    def __init__(self, rng):
        self.rng = rng

    def text(self, schema, wild):
        rng = self.rng
        if 'enum' in schema and rng.random() > wild:
            return rng.choice(schema['enum'])
        if rng.random() < wild:
            bounds = [n + d for n in (schema.get('minLength'), schema.get('maxLength')) if n is not None for d in (-1, 0, 1)]
            if bounds and rng.random() < 0.4:
                return sized(rng, rng.choice(bounds), rng.choice(fitting(schema.get('pattern', ''))))
            if 'enum' in schema:
                return rng.choice([rng.choice(schema['enum']).lower(), rng.choice(schema['enum']) + ' ', rng.choice(STRINGS)])
            return rng.choice(STRINGS)
        pool = fitting(schema.get('pattern', ''))
        pool = [s for s in pool if schema.get('minLength', 0) <= len(s) <= schema.get('maxLength', 1 << 30)] or pool
        return rng.choice(pool)

    def number(self, schema, wild):
        rng = self.rng
        low, high = schema.get('minimum'), schema.get('maximum')
        if 'enum' in schema and rng.random() > wild:
            return rng.choice(schema['enum'])
        if rng.random() < wild:
            edges = [n + d for n in (low, high) if n is not None for d in (-1, 0, 1)]
            return rng.choice(edges) if edges and rng.random() < 0.5 else rng.choice(NUMBERS)
        pool = [n for n in NUMBERS if isinstance(n, int) and (low or 0) <= n <= (high or 1000)]
        return rng.choice(pool or [low or 0])

    def value(self, schema, wild, depth=0):
        rng = self.rng
        if rng.random() < wild * 0.15:
            return copy.deepcopy(rng.choice(OTHERS))
        kind = schema.get('type')
        if kind == 'string':
            return self.text(schema, wild)
        if kind == 'integer':
            return self.number(schema, wild)
        if kind == 'boolean':
            return rng.random() < 0.5
        if kind == 'array':
            low, high = schema.get('minItems', 0), schema.get('maxItems', 1 << 30)
            size = min(high, max(low, rng.choice([0, 1, 1, 1, 2, 2, 3])))
            if rng.random() < wild * 0.2:
                size = rng.choice([n for n in (low - 1, low, high, high + 1) if 0 <= n <= 140] or [size])
            one = self.value(schema['items'], wild, depth + 1)
            items = [copy.deepcopy(one) if rng.random() < 0.1 else self.value(schema['items'], wild / 2, depth + 1) for _ in range(size)]
            for key in schema.get('x-kubernetes-list-map-keys') or []:
                if rng.random() < 0.9:
                    for number, item in enumerate(items):
                        if isinstance(item, dict) and isinstance(item.get(key), str):
                            item[key] = f'{item[key][:40]}{number}'
            return items
        if kind == 'object' and 'properties' in schema:
            return self.object(schema, wild, depth)
        if kind == 'object' and isinstance(schema.get('additionalProperties'), dict):
            return {rng.choice(KEYS if rng.random() < wild else ['a', 'a.b/c', 'x-1']): self.value(schema['additionalProperties'], wild, depth + 1) for _ in range(rng.choice([0, 1, 1, 2]))}
        return {}

    def object(self, schema, wild, depth):
        rng, out = self.rng, {}
        likely = 0.6 if depth < 3 else 0.4 if depth < 6 else 0.25
        for name, field in schema['properties'].items():
            if (name in schema.get('required', []) and rng.random() > wild * 0.1) or rng.random() < likely:
                out[name] = self.value(field, wild, depth + 1)
        # Blocks that belong to another value of a field go, and the one that belongs to its value comes.
        for tag in ('type', 'protocol', 'mode'):
            values = schema['properties'].get(tag, {}).get('enum')
            if values and rng.random() < 0.9:
                chosen = out.get(tag, schema['properties'][tag].get('default'))
                for name, field in schema['properties'].items():
                    owner = [v for v in values if v.lower() == name.lower()]
                    if owner and owner[0] == chosen:
                        if name not in out:
                            out[name] = self.value(field, wild, depth + 1)
                    elif owner:
                        out.pop(name, None)
        return out


# ---------------------------------------------------------------- changes

def places(value, schema, path=()):
    """Every place of a value: (path, schema or None)."""
    yield path, schema
    if isinstance(value, dict):
        properties = (schema or {}).get('properties', {})
        more = (schema or {}).get('additionalProperties')
        for key, item in value.items():
            yield from places(item, properties.get(key) or (more if isinstance(more, dict) else None), path + (key,))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from places(item, (schema or {}).get('items'), path + (index,))


def at(value, path):
    for step in path:
        value = value[step]
    return value


class Changer:
    """Changes an object in one place."""

    def __init__(self, rng, builder):
        self.rng, self.builder = rng, builder

    def change(self, root, schema):
        rng = self.rng
        all_places = [p for p in places(root, schema) if p[0] and p[0][0] not in ('apiVersion', 'kind')]
        head = rng.random()
        if head < 0.12:
            return metadata(rng, root)
        if head < 0.15:
            return self.head(root)
        if not all_places:
            return metadata(rng, root)
        path, here = rng.choice(all_places)
        parent, key = at(root, path[:-1]), path[-1]
        value = parent[key]
        what = rng.random()
        if what < 0.08:
            del parent[key]
        elif what < 0.14:
            parent[key] = None
        elif what < 0.22:
            parent[key] = copy.deepcopy(rng.choice(OTHERS))
        elif what < 0.28 and here is not None:
            parent[key] = self.builder.value(here, rng.choice([0, 0.3]))
        elif isinstance(value, str):
            parent[key] = self.builder.text(here or {}, 0.9) if rng.random() < 0.7 else self.bend(value)
        elif isinstance(value, bool):
            parent[key] = rng.choice([not value, 'true', 1])
        elif isinstance(value, (int, float)):
            parent[key] = self.builder.number(here or {}, 0.9) if rng.random() < 0.8 else rng.choice([str(value), value + 0.0, value + 0.5, True])
        elif isinstance(value, list):
            self.list(value, here or {})
        elif isinstance(value, dict):
            self.map(value, here or {})
        else:
            parent[key] = self.builder.value(here or {'type': 'string'}, 0.2)

    def head(self, root):
        rng = self.rng
        key = rng.choice(['apiVersion', 'kind'])
        group = str(root.get('apiVersion', '')).split('/')[0]
        root[key] = rng.choice([f'{group}/{v}' for v in ('v1', 'v1beta1', 'v1alpha1', 'v1alpha2', 'v1alpha3', 'v2')] + ['gateway.networking.x-k8s.io/v1alpha1', 'v1']) if key == 'apiVersion' else rng.choice(
            ['HTTPRoute', 'Gateway', 'GatewayClass', 'ListenerSet', 'XListenerSet', 'XBackend', 'TCPRoute', 'ReferenceGrant', 'BackendLBPolicy', str(root.get('kind')).lower()])

    def bend(self, text):
        rng = self.rng
        return rng.choice([text.upper(), text + '.', text + '\n', '\n' + text, ' ' + text, text + ' ', text * 2, text[:-1], text[1:], '*.' + text, text + '/', '/' + text, text + 'é', text + '\u200b', text.replace('/', '//', 1), text + '%', text + '#', text.swapcase(), '"' + text + '"', text + '\x7f'])

    def list(self, value, schema):
        rng, what = self.rng, self.rng.random()
        items = schema.get('items', {})
        low, high = schema.get('minItems', 0), schema.get('maxItems', 16)
        if value and what < 0.3:
            twin = copy.deepcopy(rng.choice(value))
            if isinstance(twin, dict) and twin and rng.random() < 0.7:
                key = rng.choice(list(twin))
                other = rng.random()
                if other < 0.4:
                    del twin[key]
                elif other < 0.7 and isinstance(twin[key], str):
                    twin[key] = rng.choice([twin[key].swapcase(), twin[key] + 'x', rng.choice(STRINGS)])
                else:
                    field = items.get('properties', {}).get(key)
                    twin[key] = self.builder.value(field, 0.1) if field else twin[key]
            elif isinstance(twin, str) and rng.random() < 0.5:
                twin = twin.swapcase()
            value.insert(rng.randrange(len(value) + 1), twin)
        elif what < 0.45:
            value.append(self.builder.value(items, 0.1) if items else rng.choice(OTHERS))
        elif what < 0.55:
            value.append(copy.deepcopy(rng.choice(OTHERS)))
        elif what < 0.75 and value and high <= 130:
            seed = value[-1]
            target = rng.choice([high, high + 1, low, max(0, low - 1)])
            while len(value) < target:
                twin = copy.deepcopy(seed)
                if isinstance(twin, dict):
                    for key in twin:
                        if key in ('name', 'sectionName', 'value', 'key') and isinstance(twin[key], str):
                            twin[key] = f'{twin[key]}{len(value)}'
                        if key == 'port' and isinstance(twin[key], int) and rng.random() < 0.7:
                            twin[key] = twin[key] + len(value)
                elif isinstance(twin, str):
                    twin = f'{twin}{len(value)}'
                elif isinstance(twin, int):
                    twin += len(value)
                value.append(twin)
            del value[target:]
        elif what < 0.85:
            value.clear()
        else:
            rng.shuffle(value)

    def map(self, value, schema):
        rng, what = self.rng, self.rng.random()
        properties = schema.get('properties', {})
        more = schema.get('additionalProperties')
        if isinstance(more, dict):
            if what < 0.7:
                value[rng.choice(KEYS)] = self.builder.value(more, 0.2)
            elif what < 0.9:
                value[rng.choice(['a', 'b.c/d'])] = rng.choice(VALUES + OTHERS)
            else:
                high = schema.get('maxProperties', 8)
                for number in range(rng.choice([high, high + 1])):
                    value[f'k{number}'] = 'v'
        elif properties and what < 0.75:
            absent = [key for key in properties if key not in value] or list(properties)
            key = rng.choice(absent)
            value[key] = self.builder.value(properties[key], rng.choice([0, 0.1, 0.3]))
        elif value and what < 0.85:
            key = rng.choice(list(value))
            item = value.pop(key)
            key = str(key)
            value[rng.choice([key.upper(), key.capitalize(), key + 's', key + ' ', 'x' + key])] = item
        else:
            value[rng.choice(['colour', 'x-y', 'a.b', 'Name', '', 'spec', '0', 'é'])] = copy.deepcopy(rng.choice(OTHERS))


NAMES = ['', 'a', 'A', 'a.b', 'a..b', '-a', 'a-', 'a_b', '1', '1.2', 'a' * 63, 'a' * 64, 'a' * 253, 'a' * 254, '.'.join(['a' * 60] * 4), 'é', 'a b', 'a/b', '.', '..', 'a%b', 'a.', '.a', 'a\n', '*']
TIMES = ['2024-01-01T00:00:00Z', '2024-01-01T00:00:00.5Z', '2024-01-01T00:00:00+02:00', '2024-01-01T00:00:00', '2024-01-01', '', 'x', '2024-13-01T00:00:00Z', '2024-02-30T00:00:00Z', '2024-01-01t00:00:00z', '2024-01-01 00:00:00Z', 0, 1704067200, None, {}, '2024-01-01T24:00:00Z', '2024-01-01T00:00:60Z', '0000-01-01T00:00:00Z', '12024-01-01T00:00:00Z', '2024-01-01T0:00:00Z', '2024-01-01T00:00:00,5Z', '2024-01-01T00:00:00+24:00']


def metadata(rng, root):
    """Changes one field of the metadata."""
    meta = root.get('metadata')
    if not isinstance(meta, dict):
        meta = root['metadata'] = {'name': 'x'}
    owner = {'apiVersion': rng.choice(['v1', 'apps/v1', 'a/b/c', '', 'v1/', '/v1', None, 1]), 'kind': rng.choice(['Service', 'Event', '', None]), 'name': rng.choice(['a', '', None]), 'uid': rng.choice(['u', '', None, 1]),
             'controller': rng.choice([True, False, None, 'true']), 'blockOwnerDeletion': rng.choice([True, None]), 'colour': 'red'}
    for key in ('controller', 'blockOwnerDeletion', 'colour'):
        if rng.random() < 0.6:
            del owner[key]
    if rng.random() < 0.5:
        owner.update(apiVersion='v1', kind='Service', name='a', uid='u')
    managed = {'manager': rng.choice(['m', '', 'm' * 129, 'a\n', None, 1]), 'operation': rng.choice(['Apply', 'Update', '', 'x', None]), 'apiVersion': rng.choice(['v1', '', 'x']), 'time': rng.choice(TIMES), 'fieldsType': rng.choice(['FieldsV1', '', 'x']),
               'fieldsV1': rng.choice([{}, {'f:spec': {}}, None, 'x', []]), 'subresource': rng.choice(['', 'status', 's' * 257])}
    for key in list(managed):
        if rng.random() < 0.4:
            del managed[key]
    key = rng.choice(['name', 'name', 'generateName', 'namespace', 'labels', 'labels', 'annotations', 'annotations', 'finalizers', 'ownerReferences', 'managedFields', 'creationTimestamp', 'deletionTimestamp', 'generation', 'deletionGracePeriodSeconds',
                      'uid', 'resourceVersion', 'selfLink', 'clusterName', 'colour', 'Labels'])
    choice = {
        'name': lambda: rng.choice(NAMES), 'generateName': lambda: rng.choice(NAMES + ['a' * 57, 'a' * 58, 'a' * 248, 'a' * 249, 'a' * 252 + '-', 'a--', 'a.-', '-', '--', 'aé', 'a' * 254, 'A-']), 'namespace': lambda: rng.choice(['default', 'web', '', None, 'n' * 63, 'n' * 64, 'Web', 'a.b', 'a_b', 1]),
        'labels': lambda: {rng.choice(KEYS): rng.choice(VALUES + OTHERS[:8]) for _ in range(rng.choice([0, 1, 1, 2]))}, 'annotations': lambda: {rng.choice(KEYS): rng.choice(VALUES + OTHERS[:8] + ['v' * 262143, 'v' * 262144]) for _ in range(rng.choice([0, 1, 1, 2]))},
        'finalizers': lambda: [rng.choice(KEYS + ['orphan', 'foregroundDeletion', 'orphan', 'foregroundDeletion', None, 1, 'example.com/x']) for _ in range(rng.choice([0, 1, 2]))], 'ownerReferences': lambda: [copy.deepcopy(owner) for _ in range(rng.choice([1, 1, 2]))],
        'managedFields': lambda: [managed], 'creationTimestamp': lambda: rng.choice(TIMES), 'deletionTimestamp': lambda: rng.choice(TIMES), 'generation': lambda: rng.choice(NUMBERS + ['1', None]), 'deletionGracePeriodSeconds': lambda: rng.choice(NUMBERS + ['1', None]),
        'uid': lambda: rng.choice(['u', '', 1, None]), 'resourceVersion': lambda: rng.choice(['', '1', 'x', '0', 1, None]), 'selfLink': lambda: rng.choice(['x', '', 1]), 'clusterName': lambda: 'x', 'colour': lambda: 'red', 'Labels': lambda: {'a': 'b'},
    }[key]()
    meta[key] = choice if rng.random() < 0.85 else copy.deepcopy(rng.choice(OTHERS))
    if key == 'generateName' and rng.random() < 0.7:
        meta.pop('name', None)
    if rng.random() < 0.03:
        root['metadata'] = copy.deepcopy(rng.choice(OTHERS))


# ---------------------------------------------------------------- recorded cases

def recorded(folder):
    """Objects of the recordings, with what their texts repeat."""
    import yaml
    loader = getattr(yaml, 'CSafeLoader', yaml.SafeLoader)
    for path in sorted(glob.glob(f'{RECORDED}/{folder}/*.yaml')):
        for entry in yaml.load(open(path), Loader=loader):
            text = entry['object']
            for name, more in (entry.get('expand') or {}).items():
                text = text.replace('${%s}' % name, more['text'] * more['times'])
            try:
                document = yaml.load(text, Loader=loader)
                json.dumps(document)
            except (ValueError, TypeError, yaml.YAMLError):
                continue
            if isinstance(document, dict):
                yield document


def normal(value):
    """Numbers as kubectl sends them: without fraction where there is none."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if isinstance(value, dict):
        return {str(key): normal(item) for key, item in value.items()}
    if isinstance(value, list):
        return [normal(item) for item in value]
    return value


def identity(d):
    """What makes two objects the same to the reader; one without a name has its prefix."""
    meta = d.get('metadata')
    meta = meta if isinstance(meta, dict) else {}
    text = lambda key: '' if isinstance(meta.get(key), (list, dict, type(None))) else json.dumps(meta[key]).strip('"')
    namespace = '' if d.get('kind') == 'GatewayClass' else meta.get('namespace') or 'default'
    return json.dumps([str(d.get('apiVersion')).split('/')[0].lower(), str(d.get('kind')).lower(), namespace, text('name') or text('generateName').rstrip('-.')], sort_keys=True)


AGAIN = '-again-'


def repeat_a_key(rng, d):
    """Marks a key of some object that is there twice in the text."""
    maps = [at(d, path) for path, _ in places(d, None) if isinstance(at(d, path), dict) and at(d, path)]
    chosen = rng.choice(maps)
    key = rng.choice(list(chosen))
    chosen[key + AGAIN] = copy.deepcopy(rng.choice([chosen[key], rng.choice(OTHERS)]))


class Cases:
    """Batches of objects that gateshift can read in one run, because none is there twice."""

    def __init__(self, draw, count):
        self.draw, self.left, self.waiting = draw, count, []

    def batches(self, size=400):
        while self.left > 0 or self.waiting:
            batch, taken, source = [], set(), self.waiting
            self.waiting = []
            while source or len(batch) < size and self.left > 0:
                if source:
                    text = source.pop()
                else:
                    self.left -= 1
                    text = json.dumps(self.draw(self.left)).replace(AGAIN, '')
                name = identity(json.loads(text))
                (self.waiting if name in taken else batch).append(text)
                taken.add(name)
            yield batch


def write(batch, folder):
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    for number, text in enumerate(batch):
        with open(f'{folder}/{number:05}.json', 'w') as f:
            f.write(text)


def change(rng, d, number, changer, kinds):
    """Gives an object a name of its own and changes it in a place or two."""
    meta = d.get('metadata')
    if isinstance(meta, dict) and isinstance(meta.get('name'), str):
        meta['name'] = f'c{number}'
        meta.pop('namespace', None)
    for _ in range(rng.choice([0, 1, 1, 1, 2])):
        changer.change(d, kinds.get((d.get('apiVersion'), d.get('kind')), {}) if isinstance(d.get('apiVersion'), str) and isinstance(d.get('kind'), str) else {})


def run(arguments, command):
    """What gateshift prints, which is JSON."""
    done = subprocess.run([arguments.gateshift, *command], capture_output=True, text=True)
    if done.returncode not in (0, 1, 3):
        sys.exit(done.stderr)
    return json.loads(done.stdout)


def compare(arguments, draw, said, hold):
    """Holds what `said` tells of a folder (place, code and message of each finding) to the server, case by case."""
    folder = tempfile.mkdtemp(prefix='admission-')
    totals, wrong = collections.Counter(), []
    for batch in Cases(draw, arguments.cases).batches():
        write(batch, folder)
        ours = collections.defaultdict(list)
        for place, code, message in said(folder):
            found = re.search(r'(\d{5})\.json', place)
            if found:
                ours[int(found.group(1))].append((code, message))
        for number, text in enumerate(batch):
            totals['cases'] += 1
            complaint = hold(text, ours[number], totals)
            if complaint:
                wrong.append(complaint)
                tell(arguments, complaint, text, ours[number])
    shutil.rmtree(folder)
    return totals, wrong


# ---------------------------------------------------------------- gateway

def difference(sent, stored, path=''):
    """What went and what came, as paths with indices."""
    gone, came = set(), {}
    if isinstance(sent, dict) and isinstance(stored, dict):
        for key in sent.keys() | stored.keys():
            step = f'{path}.{key}' if re.fullmatch('[A-Za-z0-9_-]+', key) and path else key if re.fullmatch('[A-Za-z0-9_-]+', key) else f'{path}[{json.dumps(key, ensure_ascii=False)}]'
            if key not in stored:
                gone.add(step)
            elif key not in sent or (sent[key] is None and stored[key] is not None):
                came[step] = stored[key]
            else:
                g, c = difference(sent[key], stored[key], step)
                gone |= g
                came |= c
    elif isinstance(sent, list) and isinstance(stored, list):
        for index, (a, b) in enumerate(zip(sent, stored)):
            g, c = difference(a, b, f'{path}[{index}]')
            gone |= g
            came |= c
    return gone, came


def gateway(arguments):
    server = Server(arguments.lab, arguments.gateway_api, arguments.channel)
    import yaml
    loader = getattr(yaml, 'CSafeLoader', yaml.SafeLoader)
    kinds = {}
    for path in sorted(glob.glob(f'{server.schemas}/*.yaml')):
        with open(path) as f:
            for crd in yaml.load_all(f, Loader=loader):
                for version in crd['spec']['versions']:
                    schema = version['schema']['openAPIV3Schema']
                    schema['properties'] = {key: field for key, field in schema['properties'].items() if key not in ('apiVersion', 'kind', 'metadata')}
                    kinds[f"{crd['spec']['group']}/{version['name']}", crd['spec']['names']['kind']] = schema
    seeds = [d for d in recorded('gateway') if (d.get('apiVersion'), d.get('kind')) in kinds and len(json.dumps(d)) < 60000]

    def draw(number):
        rng = random.Random(f'{arguments.seed}/{arguments.gateway_api}/{arguments.channel}/{number}')
        builder = Builder(rng)
        if rng.random() < 0.65:
            d = copy.deepcopy(rng.choice(seeds))
        else:
            api_version, kind = rng.choice(sorted(kinds))
            d = {'apiVersion': api_version, 'kind': kind, 'metadata': {'name': 'x'}, **builder.object(kinds[api_version, kind], rng.choice([0, 0, 0.02, 0.05, 0.1]), 0)}
            if rng.random() < 0.85:
                d.pop('status', None)
        change(rng, d, number, Changer(rng, builder), kinds)
        if rng.random() < 0.02:
            repeat_a_key(rng, d)
        return normal(d)

    def said(folder):
        command = ['validate', '-f', folder, '--gateway-api', arguments.gateway_api, '--channel', arguments.channel, '--show-defaults', '-o', 'json']
        for finding in run(arguments, command)['findings']:
            yield (finding['place'] or '') + ' ' + finding['message'], finding['code'], finding['message']

    return compare(arguments, draw, said, lambda text, ours, totals: held(server, json.loads(text), text, ours, totals))


def held(server, d, text, ours, totals):
    """What is wrong with our findings about an object."""
    status, answer, _ = server.create(text, 'Warn')
    accepted = status == 201
    totals['accepted' if accepted else 'refused'] += 1
    codes = {code for code, _ in ours}
    refused = bool(codes & {'gateway-api/refused', 'gateway-api/not-served', 'input/broken-document', 'input/refused-by-kubectl', 'input/not-an-object', 'input/wrong-shape', 'input/wrong-type', 'input/refused-by-api-server'})
    if status == 404 and ('namespaces' in answer['message'] or not codes and '.' in str(d.get('apiVersion')).split('/')[0]):
        return None                        # of another cluster, or of a group that may be anyone's
    if accepted == refused:
        return f"{'accepted' if accepted else 'refused'} by the server: {answer.get('message', '')[:700]}"
    if not accepted:
        return reasons(answer, ours)
    strict = server.create(text, 'Strict')
    if (strict[0] == 201) == bool(codes & {'gateway-api/pruned', 'input/duplicate-key', 'input/unknown-field'}):
        return f"{'accepted' if strict[0] == 201 else 'refused'} by strict decoding: {strict[1].get('message', '')[:500]}"
    # Metadata and status are filled by the server.
    sent = {key: value for key, value in d.items() if key not in ('metadata', 'status')}
    stored = {key: value for key, value in answer.items() if key not in ('metadata', 'status')}
    gone, came = difference(sent, stored)
    field = lambda message: re.match(r'`(.*?)` (?:is |does not exist)', message, re.S).group(1)
    spec = lambda path: not path.startswith(('status', 'metadata'))
    removed = {field(message) for code, message in ours if code in ('gateway-api/pruned', 'gateway-api/dropped')}
    filled = {field(message) for code, message in ours if code == 'gateway-api/defaulted'}
    removed, filled = set(filter(spec, removed)), set(filter(spec, filled))
    # What strict decoding names within something that goes as a whole, or is filled from null, is not told apart here.
    if gone != removed or set(came) != filled:
        return f'stored otherwise: gone {sorted(gone)}, ours {sorted(removed)}; came {sorted(came)}, ours {sorted(filled)}'
    return None


def reasons(answer, ours):
    """Whether each reason of the server is one of ours, and each of ours one of its."""
    causes = (answer.get('details') or {}).get('causes') or []
    given = [re.search(r'refuses the object: `(.*?)` ', message, re.S) for code, message in ours if code == 'gateway-api/refused']
    given = {found.group(1) for found in given if found}
    if not causes or not given or answer.get('code') != 422:
        return None

    def near(a, b):
        a, b = (re.sub(r'\["?(.*?)"?\]', r'.\1', path) for path in (a, b))
        return a == b or a.startswith(b + '.') or b.startswith(a + '.')
    unchecked = 'some validation rules were not checked' in answer['message']
    missing = [c for c in causes if c.get('field') not in ('<nil>', None, '') and not any(near(c['field'], field) or field.endswith('…') or (c['field'], field) == ('metadata.name', 'metadata.generateName') for field in given)]
    extra = [field for field in given if not field.endswith('…') and field not in answer['message'] and not any(near(c.get('field', ''), field) for c in causes)]
    if missing:
        return f"a reason that we do not give: {missing[0]['field']}: {missing[0]['message'][:300]}"
    if extra and not unchecked:
        return f"a reason that the server does not give: {extra[0]}; it says {answer['message'][:400]}"
    return None


def tell(arguments, complaint, text, ours):
    print('---', complaint)
    print('    object', text if len(text) < 1500 else text[:1500] + '…')
    print('    ours', [one for one in ours if one[0] not in ('gateway-api/defaulted',)][:6])
    sys.stdout.flush()
    if arguments.keep:
        os.makedirs(arguments.keep, exist_ok=True)
        with open(f'{arguments.keep}/{len(os.listdir(arguments.keep)):04}.json', 'w') as f:
            json.dump({'complaint': complaint, 'object': text, 'ours': ours}, f, indent=1)


# ---------------------------------------------------------------- ingress

POOLS = {
    'host': ['a.example', '*.a.example', '*', '*.', '*.a', '*.a.b.c', 'A.example', '1.2.3.4', '::1', '2001:db8::1', '1.2.3', '1.2.3.4.5', '01.2.3.4', 'a.example.', '.a', 'a..b', 'a_b.c', '-a.b', 'a-.b', 'a', '', 'a b', 'a:80', 'é.example', 'xn--a.b', 'a/b', 'a*b.c', 'a.*.b', '**.a', '*a.b', '*.*.a',
             '*.1.2.3.4', 'l' * 63 + '.a', 'l' * 64 + '.a', '.'.join(['l' * 50] * 5)[:253], '.'.join(['l' * 50] * 5)[:253] + 'x', '*.' + '.'.join(['l' * 50] * 5)[:251], '*.' + '.'.join(['l' * 50] * 5)[:251] + 'x', '$host', '~^a$', 'fe80::1%eth0', '1.2.3.4/8', '0x1.2.3.4', '1.2.3.256', '::ffff:1.2.3.4', '1::', 'a\n', '\u212a.a'],
    'path': ['/', '', '/a', '/a/', 'a', '//', '/a//b', '/./', '/.', '/..', '/../', '/a/.', '/a/..', '/a/./b', '/a/../b', '/.a', '/a..', '/a/..b', '/%2f', '/%2F', '/a%2fb', '/%2', '/%', '/a b', '/a?b', '/a#b', '/ä', '/(.*)', '/a(/|$)(.*)', '~ /a', '/*', '*', ' /a', '/a\n', '/a\x00', '/a\x01', '/a"b', "/a'b", '/a;b', '/a{b}',
             '/a}', '/a$1', '/a\\b', '/' + 'a' * 5000, '/%2e%2e/', '/\u2028', '/a\x7f', '.', '/...'],
    'pathType': ['Exact', 'Prefix', 'ImplementationSpecific', '', 'exact', 'Regex', 'Prefix ', 'PathPrefix'],
    'ingressClassName': ['nginx', '', 'a.b', 'A', 'a_b', 'a/b', '-a', 'a-', 'a' * 253, 'a' * 254, '1', 'é', 'other'],
    'secretName': ['s', '', 'S', 'a/b', 'a.b', 'a_b', 'a' * 253, 'a' * 254, '-a', 'a..b', '1', 'a\n'],
    'name': ['web', 'Web', '1web', 'web-', '-web', 'a.b', 'a_b', 'a' * 63, 'a' * 64, '', 'http', 'HTTP', 'a' * 15, 'a' * 16, '80', 'a--b', 'use-annotation', '--', 'a/b', '.', '..', 'a%b', 'é', '1', '1-2', 'p80', 'web\n', '9' * 15, 'a b'],
    'kind': ['StorageBucket', '', 'a/b', '.', '..', 'a%b', 'é', 'X', 'lower', 'a b'], 'apiGroup': ['', 'k8s.example.com', 'K8s', 'a_b', 'a' * 254, 'v1', 'a/b', '-'],
    'controller': ['k8s.io/ingress-nginx', 'a', '', 'a.b/', '/a', 'a.b/c/d', 'A.b/c', 'a.b/' + 'c' * 246, 'a.b/' + 'c' * 247, 'a.b/ä', 'a.b/c d', 'a_b/c', 'a.b/c?', 'a.b/%', '1/1', "a.b/~!$&'()*+,;=:@", 'p' * 250 + '/a', 'a.b/c"', 'a.b/#', 'a.b/-c_'],
    'scope': ['Cluster', 'Namespace', '', 'cluster', 'x'], 'namespace': ['default', 'A', '', 'a' * 63, 'a' * 64, 'a.b'], 'type': ['Opaque', '', 'kubernetes.io/tls', 'kubernetes.io/basic-auth', 'kubernetes.io/ssh-auth', 'kubernetes.io/dockercfg', 'kubernetes.io/dockerconfigjson', 'kubernetes.io/service-account-token', 'x', 'bootstrap.kubernetes.io/token'],
    'number': [0, 1, 80, 65535, 65536, -1, 2**31 - 1, 2**31, -2**31, 80.5, '80', 1e10, 2**63, True, '', 8e1],
}
BAGS = ['', 'a', 'YQ==', 'YQ', 'YQ=', 'Y Q==', 'YQ==\n', '\nYQ==', '!', '====', 'YWI=', 'YWJj', 'YQ==YQ==', 'eyJhIjoxfQ==', 'e30=', '{}', 'eyJhdXRocyI6e319', 'bnVsbA==', '_-8=', '/+8=', 'YR==']


class FieldBuilder(Builder):
    """Values by the name of their field, for kinds whose rules are not in a schema."""

    def object(self, schema, wild, depth):
        rng, out = self.rng, {}
        for name, field in schema['properties'].items():
            if rng.random() > (0.75 if name in ('spec', 'rules', 'http', 'paths', 'path', 'pathType', 'backend', 'service', 'port', 'number') else 0.35):
                continue
            out[name] = self.field(name, field, wild, depth)
        return out

    def field(self, name, field, wild, depth):
        rng = self.rng
        if name in POOLS and field.get('type') in ('string', 'integer'):
            pool = POOLS['number' if field['type'] == 'integer' else name]
            return copy.deepcopy(pool[0] if rng.random() > wild else rng.choice(pool))
        if name in ('data', 'binaryData', 'stringData'):
            return {rng.choice(['a', 'tls.crt', 'tls.key', 'username', '.dockercfg', '.dockerconfigjson', 'ssh-privatekey', '.', '..', '..a', 'a/b', 'a b', '', 'k' * 253, 'k' * 254, 'é', 'a=b', 'A_b-c.d', 'a\n']): rng.choice(BAGS + [None, 1, True]) if rng.random() < wild else rng.choice(['YQ==', 'e30=']) for _ in range(rng.choice([0, 1, 2, 3]))}
        if name == 'hosts':
            return [rng.choice(POOLS['host']) if rng.random() < wild else 'a.example' for _ in range(rng.choice([0, 1, 2]))]
        if field.get('type') == 'string':
            return rng.choice(STRINGS)
        return self.value(field, wild, depth + 1)


class FieldChanger(Changer):
    """Changes by the name of the field."""

    def change(self, root, schema):
        rng = self.rng
        named = [p for p, s in places(root, schema) if p and s and (p[-1] in POOLS and s.get('type') in ('string', 'integer') or p[-1] in ('data', 'binaryData', 'stringData') or (len(p) > 1 and p[-2] == 'hosts')) and p[0] != 'metadata']
        if named and rng.random() < 0.5:
            path = rng.choice(named)
            name = 'host' if path[-1] not in POOLS and isinstance(path[-1], int) else path[-1]
            at(root, path[:-1])[path[-1]] = self.builder.field(name, dict(places(root, schema))[path], 1, 3)
        else:
            super().change(root, schema)

    def head(self, root):
        key = self.rng.choice(['apiVersion', 'kind'])
        root[key] = self.rng.choice(['networking.k8s.io/v1', 'networking.k8s.io/v1beta1', 'extensions/v1beta1', 'v1', 'networking.k8s.io', '', None, 'networking.k8s.io/v2'] if key == 'apiVersion' else ['Ingress', 'ingress', 'IngressClass', 'Ingresses', 'ConfigMap', '', None])


def inline(schema, all_schemas, depth=0):
    """A schema of the OpenAPI of the server without references."""
    if '$ref' in schema:
        schema = all_schemas[schema['$ref'].split('/')[-1]]
    if 'allOf' in schema:
        schema = {**schema, **inline(schema['allOf'][0], all_schemas, depth)}
    schema = {key: value for key, value in schema.items() if key in ('type', 'properties', 'items', 'additionalProperties', 'required', 'format')}
    if depth > 14:
        return {'type': schema.get('type', 'object')}
    if 'properties' in schema:
        schema['properties'] = {key: inline(field, all_schemas, depth + 1) for key, field in schema['properties'].items()}
    for key in ('items', 'additionalProperties'):
        if isinstance(schema.get(key), dict):
            schema[key] = inline(schema[key], all_schemas, depth + 1)
    return schema


def ingress(arguments):
    server = Server(arguments.lab, arguments.gateway_api, arguments.channel)
    kinds = {}
    for root, group, names in (('apis/networking.k8s.io/v1', 'networking.k8s.io/v1', ('Ingress', 'IngressClass')), ('api/v1', 'v1', ('ConfigMap', 'Secret'))):
        schemas = server.api.call('GET', f'/openapi/v3/{root}')[1]['components']['schemas']
        for name in names:
            full = next(s for s in schemas if s.endswith(f'.{name}'))
            schema = inline(schemas[full], schemas)
            schema['properties'] = {key: field for key, field in schema['properties'].items() if key not in ('apiVersion', 'kind', 'metadata', 'status')}
            kinds[group, name] = schema
    seeds = [d for d in recorded('ingress') if (d.get('apiVersion'), d.get('kind')) in kinds and len(json.dumps(d)) < 60000]

    def draw(number):
        rng = random.Random(f'{arguments.seed}/ingress/{number}')
        builder = FieldBuilder(rng)
        if rng.random() < 0.5:
            d = copy.deepcopy(rng.choice(seeds))
        else:
            api_version, kind = rng.choice([('networking.k8s.io/v1', 'Ingress')] * 5 + sorted(kinds))
            d = {'apiVersion': api_version, 'kind': kind, 'metadata': {'name': 'x'}, **builder.object(kinds[api_version, kind], rng.choice([0, 0.03, 0.08, 0.15]), 0)}
        change(rng, d, number, FieldChanger(rng, builder), kinds)
        return normal(d)

    def said(folder):
        # No Ingress has that class, so nothing is converted and compared.
        for result in run(arguments, ['report', '-f', folder, '-o', 'sarif', '--ingress-class', 'none'])['runs'][0]['results']:
            for location in result.get('locations', []):
                place = location.get('physicalLocation', {}).get('artifactLocation', {}).get('uri', '')
                yield place, result['ruleId'], result['message']['text']

    return compare(arguments, draw, said, lambda text, ours, totals: held_ingress(server, text, ours, totals))


def held_ingress(server, text, ours, totals):
    """What is wrong with our findings about an Ingress."""
    status, answer, warnings = server.create(text, 'Warn')
    message = answer.get('message', '')
    accepted = status == 201
    totals['accepted' if accepted else 'refused'] += 1
    codes = [code for code, _ in ours]
    refused = any(code in ('input/refused-by-api-server', 'input/wrong-shape', 'input/wrong-type', 'input/broken-document', 'input/refused-by-kubectl', 'input/not-an-object') for code in codes)
    if status == 404 and 'namespaces' in message:
        return None
    if accepted == refused:
        return f"{'accepted' if accepted else 'refused'} by the server: {message[:700]}"
    causes = len(answer.get('details', {}).get('causes') or []) if status == 422 else 0
    if causes and causes != codes.count('input/refused-by-api-server'):
        return f'{causes} reasons: {message[:900]}'
    if accepted:
        unknown = sum('unknown field' in warning for warning in warnings)
        if unknown != codes.count('input/unknown-field'):
            return f'{unknown} unknown fields: {warnings}'
    return None


# ---------------------------------------------------------------- texts

def texts(arguments):
    """Answers of kubectl's reader, which the suite compares."""
    import yaml
    from texts import Texts
    seeds = []
    for path in sorted(glob.glob(f'{RECORDED}/yaml*/*.yaml')):
        for entry in yaml.safe_load(open(path)):
            seeds.append(base64.b64decode(entry['text_base64']) if 'text_base64' in entry else entry['text'].encode('utf-8', 'surrogatepass'))
    for path in sorted(glob.glob(f'{HERE}/../../testdata/cases/*/input.yaml')):
        with open(path, 'rb') as f:
            seeds.append(f.read())
    drawn = Texts(arguments.seed, [text for text in seeds if len(text) < 1500])
    asked = [json.dumps({'text': base64.b64encode(drawn.draw()).decode()}) for _ in range(arguments.cases)]
    run = subprocess.run([arguments.reader], input='\n'.join(asked) + '\n', capture_output=True, text=True)
    if run.returncode:
        sys.exit(run.stderr)
    with open(arguments.keep, 'w') as f:
        for question, answer in zip(asked, run.stdout.split('\n')):
            f.write(f'{question[:-1]}, {answer[1:]}\n')


# ---------------------------------------------------------------- recordings

COLUMNS = [('1.4.1', 'standard'), ('1.5.1', 'standard'), ('1.6.3', 'standard'), ('1.7.0', 'standard'), ('1.7.0', 'experimental')]


def record(arguments):
    """Writes the answers of the server into files of testdata/admission, beside the objects that stand there."""
    import yaml
    wanted = [(path, yaml.safe_load(open(path))) for path in arguments.files]
    core = all('/gateway' not in os.path.abspath(path) for path in arguments.files)
    answers = collections.defaultdict(dict)
    for version, channel in [(arguments.gateway_api, arguments.channel)] if core else COLUMNS:
        server = Server(arguments.lab, version, channel)
        for path, entries in wanted:
            for number, entry in enumerate(entries):
                text = entry['object']
                for name, more in (entry.get('expand') or {}).items():
                    text = text.replace('${%s}' % name, more['text'] * more['times'])
                d = normal(yaml.safe_load(text))
                answers[path, number]['kubernetes 1.37' if core else f'{version}/{channel}'] = answered(server, d, core)
        server.lab.stop()
    for path, entries in wanted:
        with open(path) as f:
            head = ''.join(line for line in f if line.startswith('#'))
        with open(path, 'w') as f:
            f.write(head)
            for number, entry in enumerate(entries):
                f.write(entry_text(entry, answers[path, number]))


def answered(server, d, core):
    text = json.dumps(d)
    status, answer, warnings = server.create(text, 'Warn')
    if status != 201:
        causes = (answer.get('details') or {}).get('causes') if status == 422 else None
        if causes:
            return {'refused': ' | '.join(f"{cause.get('field', '')}: {cause['message']}" for cause in causes)}, {}
        return {'refused': f"{status} {answer.get('reason', 'NotFound')}: {answer['message']}"}, {}
    top = lambda value: {key: field for key, field in value.items() if key != 'metadata'}
    gone, came = difference(top(d), top(answer))
    if 'status' not in d:
        came.pop('status', None)
    # Of the metadata only what strict decoding names.
    gone |= {re.sub(r'\.$', '[""]', found.group(1)) for found in (re.search(r'unknown field \\"(metadata.*?)\\"', warning) for warning in warnings) if found}
    plain = lambda path: re.sub(r'\[\d+\]', '[]', path)
    stored = {}
    if came and not core:
        filled = {plain(path): value for path, value in came.items() if not null_at(d, path)}
        changed = {plain(path): [None, value] for path, value in came.items() if null_at(d, path)}
        if filled:
            stored['defaulted'] = filled
        if changed:
            stored['changed'] = changed
    if gone:
        stored['pruned'] = sorted({plain(path) for path in gone})
    if warnings:
        stored['warnings'] = [re.sub(r'^299 \S+ "(.*)"$', r'\1', warning).replace('\\"', '"') for warning in warnings]
    strict = server.create(text, 'Strict')
    if strict[0] != 201:
        stored['strict'] = {'refused': f"{strict[0]} {strict[1].get('reason')}: {strict[1]['message']}"}
    return 'accepted', stored


def null_at(d, path):
    for step in re.findall(r'[^.\[\]]+', path):
        d = d[int(step)] if isinstance(d, list) else d.get(step, 0) if isinstance(d, dict) else 0
    return d is None


def entry_text(entry, columns):
    inline = lambda value: json.dumps(value, ensure_ascii=False)
    lines = [f"- about: {inline(entry['about'])}", '  object: |', *('    ' + line if line else '' for line in entry['object'].rstrip('\n').split('\n'))]
    if entry.get('expand'):
        lines += ['  expand:', *(f'    {name}: {inline(more)}' for name, more in entry['expand'].items())]
    lines.append('  verdict:')
    lines += [f'    {inline(column)}: {verdict if isinstance(verdict, str) else inline(verdict)}' for column, (verdict, _) in columns.items()]
    stored = {column: one for column, (verdict, one) in columns.items() if verdict == 'accepted'}
    if stored and all(one == next(iter(stored.values())) for one in stored.values()):
        stored = {'*': next(iter(stored.values()))}
    stored = {column: one for column, one in stored.items() if one}
    if stored:
        lines.append('  stored:')
        for column, one in stored.items():
            lines += [f'    {inline(column)}:', *(f'      {key}: {inline(value)}' for key, value in one.items())]
    return '\n'.join(lines) + '\n'


# ---------------------------------------------------------------- the command line

def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('what', choices=['gateway', 'ingress', 'yaml', 'record'])
    parser.add_argument('files', nargs='*', help='of testdata/admission, for `record`')
    parser.add_argument('--lab')
    parser.add_argument('--gateshift')
    parser.add_argument('--reader')
    parser.add_argument('--gateway-api', default='1.5.1')
    parser.add_argument('--channel', default='standard', choices=['standard', 'experimental'])
    parser.add_argument('--cases', type=int, default=2000)
    parser.add_argument('--seed', default='1')
    parser.add_argument('--keep')
    arguments = parser.parse_intermixed_args()
    if arguments.what in ('record', 'yaml'):
        return {'record': record, 'yaml': texts}[arguments.what](arguments)
    totals, wrong = {'gateway': gateway, 'ingress': ingress}[arguments.what](arguments)
    print(f"{totals['cases']} objects asked, {totals['accepted']} accepted, {totals['refused']} refused; {len(wrong)} disagreements")
    sys.exit(1 if wrong else 0)


if __name__ == '__main__':
    main()
