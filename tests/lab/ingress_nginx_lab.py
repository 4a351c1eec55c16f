#!/usr/bin/env python3
"""The real ingress-nginx controller in the lab's cluster: its Go code, template and Lua, and the nginx that it drives.

  ingress_nginx_lab.py LAB answers CASE... [-o FOLDER] [--check] [--keep FOLDER] [--no-webhook]

A case is a file of testdata/requests/ingress-nginx (or a folder of them): `given`, `controller`, `client`, and `exchanges` with a
`request` each. Every case gets a controller that starts afresh on objects that are there already. The same file with what was
`observed`, `refused` and said by the `webhook` goes to the folder of -o; --check compares with what the case records instead, and
exits 1 where an answer differs. --keep stores the controller's log and nginx.conf of each case.

Beside what the lab reads: a Secret whose `ca.crt` is `lab-ca` gets the authority that signs what a request's `client_cert` names.

LAB is the folder with cluster.py, gateway.py and traffic.py. Environment:
  LAB_INGRESS_IMAGE   a folder that holds what the controller's image adds to its base: nginx-ingress-controller, /etc/nginx with
                      template and Lua, /usr/local with nginx, LuaJIT and the resty libraries. ingress_nginx/image.sh makes it.

Not in that image: ModSecurity, brotli, GeoIP2, OpenTelemetry and njs. Needs root, for namespaces.
"""
import argparse, base64, fcntl, glob, http.client, json, os, re, shutil, signal, ssl, subprocess, sys, tempfile, time

LAB = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else sys.exit(__doc__)
sys.path.insert(0, LAB)
os.environ.setdefault('LAB_NETNS', 'gsingress')
import cluster
if 'LAB_STATE' not in os.environ:
    cluster.STATE = os.path.join(cluster.HOME, 'state-ingress-nginx')
    cluster.KUBECONFIG = os.path.join(cluster.STATE, 'kubeconfig')
import gateway

NAMESPACE, POD, CONFIG_MAP = 'ingress-nginx', 'lab-controller', 'ingress-nginx-controller'
USER = 33                         # www-data, as which the image runs
CLIENT = '10.77.200.1'
WEBHOOK_PORT = 8443
SETTLE = 1.2                      # each worker looks for new backends once a second
START_LIMIT = 40
FLAGS = ('--election-id=lab', '--disable-leader-election', '--update-status=false', '--disable-sync-events', '--controller-class=k8s.io/ingress-nginx', '--ingress-class=nginx', '--v=2',
         f'--configmap={NAMESPACE}/{CONFIG_MAP}', '--kubeconfig=/config/kubeconfig')
# Where the image's own settings point.
ENVIRONMENT = {'PATH': '/usr/local/nginx/sbin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin', 'NGINX_BINARY': '/usr/local/nginx/sbin/nginx', 'POD_NAME': POD, 'POD_NAMESPACE': NAMESPACE,
               'LUA_PATH': '/usr/local/share/luajit-2.1/?.lua;/usr/local/share/lua/5.1/?.lua;/usr/local/lib/lua/?.lua;;', 'LUA_CPATH': '/usr/local/lib/lua/?/?.so;/usr/local/lib/lua/?.so;;'}
LINE = re.compile(r'([IWEF])\d{4} [\d:.]+ +\d+ ([\w.]+\.go):\d+\] (.*)')
# Said of every cluster.
USUAL = re.compile(r'Update of Ingress status is disabled|Unable to get NODE information|leader election|Neither --apiserver|Using the inClusterConfig|Unexpected failure reloading the backend|'
                   r'Error reloading NGINX|Dynamic reconfiguration failed|requeuing')
# What a controller says that ends: a panic, a fatal error, a flag that it cannot read.
LAST_WORDS = (r'Observed a panic.*?panic="(.*?)" ', r'^panic: (.*)', r'^F\d{4} .*?\.go:\d+\] (.*)', r'^(unknown (?:shorthand )?flag.*|invalid argument .*)')
RECORDED_HEADERS_LEFT_OUT = ('server',)

gateway.GROUPS = ('networking.k8s.io',)

CONTAINER = r'''
set -e
root=$1 files=$2 image=$3 user=$4; shift 4
mount --make-rprivate /
mount -t tmpfs -o mode=755 container "$root"
for d in usr bin sbin lib lib32 lib64; do
    if [ -L /$d ]; then ln -s "$(readlink /$d)" "$root/$d"; elif [ -d /$d ]; then mkdir "$root/$d"; mount --rbind /$d "$root/$d"; fi
done
mkdir -p "$root/dev" "$root/proc" "$root/tmp/nginx" "$root/run" "$root/var/log/nginx" "$root/var/lib/nginx/body" "$root/etc/ingress-controller/ssl" "$root/etc/ingress-controller/auth" \
    "$root/etc/ingress-controller/geoip" "$root/etc/ingress-controller/telemetry"
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
mount --bind "$image/usr/local" "$root/usr/local"
cp -RL "$image/etc/." "$root/etc/"
cp -RL "$files/." "$root/"
ln "$image/nginx-ingress-controller" "$root/" 2> /dev/null || { : > "$root/nginx-ingress-controller"; mount --bind "$image/nginx-ingress-controller" "$root/nginx-ingress-controller"; }
chmod 1777 "$root/tmp"
chown -R $user:$user "$root/etc" "$root/tmp/nginx" "$root/run" "$root/var" "$root/config"
chroot "$root" setpriv --reuid $user --regid $user --clear-groups /nginx-ingress-controller "$@"
exit $?
'''


def image():
    folder = os.environ.get('LAB_INGRESS_IMAGE') or sys.exit('LAB_INGRESS_IMAGE is not set; see ingress_nginx_lab.py without arguments')
    return os.path.realpath(folder)


def plain_error(error):
    """As Python itself says it, like in the recordings."""
    return f'{type(error).__name__}: {error}'


def emergency(text):
    """Why nginx refuses its configuration: the first reason that is said, without the file."""
    found = re.search(r'nginx: \[emerg\] (.*?)(?: in /tmp/nginx/nginx-cfg\d+(?::\d+)?)?$', text, re.M)
    return found and found[1]


def steady(cookie):
    """A cookie without what differs each time, if it is one of affinity."""
    made_up, changed = re.subn(r'=\d+(?:\.\d+){3}\|[0-9a-f]{32}', '=present', cookie)
    return re.sub(r'Expires=[^;]+', 'Expires=present', made_up) if changed else cookie


def forge(ingress):
    """Writes the creationTimestamp of an Ingress into etcd: it is not for clients to set."""
    meta = ingress['metadata']
    key = base64.b64encode(f"/registry/ingress/{meta['namespace']}/{meta['name']}".encode()).decode()
    connection = http.client.HTTPConnection('127.0.0.1', 2379, timeout=10)

    def ask(operation, body):
        connection.request('POST', f'/v3/kv/{operation}', json.dumps(body), {'Content-Type': 'application/json'})
        return json.loads(connection.getresponse().read())
    found = ask('range', {'key': key}).get('kvs') or sys.exit(f'{key} is not in etcd')
    stored = json.loads(base64.b64decode(found[0]['value']))
    stored['metadata']['creationTimestamp'] = meta['creationTimestamp']
    ask('put', {'key': key, 'value': base64.b64encode(json.dumps(stored).encode()).decode()})
    connection.close()


class Controller:
    """One controller with its nginx, in namespaces of their own."""

    def __init__(self, ns, address, folder, flags, certificate):
        self.ns, self.address, self.folder, self.log = ns, address, folder, os.path.join(folder, 'controller.log')
        source, root = os.path.join(folder, 'files'), os.path.join(folder, 'root')
        shutil.rmtree(source, ignore_errors=True)
        os.makedirs(root, exist_ok=True)
        with open(cluster.KUBECONFIG) as file:
            kubeconfig = file.read()
        files = {'/etc/resolv.conf': f'nameserver {cluster.ADDRESS}\noptions ndots:1 timeout:1\n', '/etc/hosts': '127.0.0.1 localhost\n', '/config/kubeconfig': kubeconfig,
                 '/etc/passwd': f'root:x:0:0::/:/bin/sh\nwww-data:x:{USER}:{USER}::/:/bin/sh\n', '/etc/group': f'root:x:0:\nwww-data:x:{USER}:\n', '/etc/nsswitch.conf': 'hosts: files dns\n'}
        if certificate:
            files['/config/webhook.crt'], files['/config/webhook.key'] = certificate
            flags = [*flags, f'--validating-webhook=:{WEBHOOK_PORT}', '--validating-webhook-certificate=/config/webhook.crt', '--validating-webhook-key=/config/webhook.key']
        if os.path.exists('/etc/ssl/certs/ca-certificates.crt'):
            with open('/etc/ssl/certs/ca-certificates.crt') as file:
                files['/etc/ssl/certs/ca-certificates.crt'] = file.read()
        for path, text in files.items():
            os.makedirs(os.path.dirname(source + path), exist_ok=True)
            with open(source + path, 'w') as file:
                file.write(text)
        argv = cluster.in_ns('unshare', '--mount', '--pid', '--fork', '--kill-child', 'sh', '-c', CONTAINER, 'sh', root, source, image(), str(USER), *FLAGS, *flags, ns=ns)
        with open(self.log, 'wb') as log:
            self.process = subprocess.Popen(['setpriv', '--pdeathsig', 'KILL', *argv], stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=ENVIRONMENT)

    def said(self):
        with open(self.log, errors='replace') as file:
            return file.read()

    def inner(self):
        """The first process of its namespace."""
        try:
            with open(f'/proc/{self.process.pid}/task/{self.process.pid}/children') as file:
                return int(file.read().split()[0])
        except (OSError, IndexError):
            return None

    def wait(self):
        """Until nginx has all that there is: None, or the kind and the message of the refusal."""
        deadline = time.monotonic() + START_LIMIT
        while time.monotonic() < deadline:
            text = self.said()
            if 'Dynamic reconfiguration succeeded' in text:
                time.sleep(SETTLE)
                return None
            # Other failures pass: a slow machine reloads before the first nginx has said its process number.
            if 'Unexpected failure reloading the backend' in text and 'test failed' in text:
                time.sleep(0.2)
                return 'config', emergency(self.said()) or self.said()[-300:]
            if text.count('Dynamic reconfiguration failed') > 2:
                return 'dynamic', re.findall(r'retries left\): (.*)', text)[-1]
            if self.process.poll() is not None:
                said = [found[1] for found in (re.search(one, text, re.M) for one in LAST_WORDS) if found]
                return 'crash', said[0] if said else ' '.join(text.split()[-60:])
            time.sleep(0.03)
        return 'trouble', 'not ready in time: ' + ' '.join(self.said().split()[-40:])

    def conf(self):
        try:
            with open(f'/proc/{self.inner()}/root{self.folder}/root/etc/nginx/nginx.conf') as file:
                return file.read()
        except OSError:
            return ''

    def error_log(self):
        try:
            with open(f'/proc/{self.inner()}/root{self.folder}/root/var/log/nginx/error.log', errors='replace') as file:
                return file.read()
        except OSError:
            return ''

    def kill(self):
        """All processes of its namespace end before this one is done."""
        inner = self.inner()
        if inner and self.process.poll() is None:
            os.kill(inner, signal.SIGKILL)
        elif self.process.poll() is None:
            self.process.kill()
        self.process.wait()


class Lab(gateway.Lab):
    """The cluster, backends and clients."""

    def __init__(self, webhook=True):
        self.webhook, self.running = webhook, None
        os.makedirs(cluster.STATE, exist_ok=True)
        super().__init__()
        self.traffic.error_text = plain_error
        self.traffic.PRESENT |= {'etag', 'last-modified'}
        self.certificate = self.traffic.pem(*self.traffic.make_certificate('webhook.lab')) if webhook else None
        self.echo.as_for_nginx = True
        # The module for gRPC says the host in a header of that name.
        plain = self.traffic.upstream
        self.traffic.upstream = lambda seen, request: plain({**seen, 'host': seen['host'] or dict(seen['headers']).get('host', '')}, request)
        cluster.sh(*cluster.in_ns('sh', '-c', 'echo 0 > /proc/sys/net/ipv4/ip_unprivileged_port_start', ns=self.ns))

    # -- what the lab does for Envoy Gateway only

    def controller(self, more=None):
        pass

    def infra(self):
        return {}

    def kinds(self):
        for kind in ('Ingress', 'IngressClass'):
            self.api.resource('networking.k8s.io/v1', kind)
            yield 'networking.k8s.io/v1', kind

    def make(self, d, refused, stamp=None):
        made = super().make(d, refused)
        if made and d['kind'] == 'Ingress' and stamp:
            made['metadata']['creationTimestamp'] = stamp
            forge(made)
        elif made and d['kind'] == 'IngressClass' and 'true' in (d['metadata'].get('annotations') or {}).values():
            time.sleep(0.5)           # until the API server knows its default class
        return made

    def fill_secret(self, d):
        super().fill_secret(d)
        if (d.get('stringData') or {}).get('ca.crt') == 'lab-ca':
            d['stringData']['ca.crt'] = self.traffic.pem(*self.traffic.LAB_CA)[0]

    # -- one case

    def own(self, settings):
        """What an installation brings: the controller's Pod and its settings."""
        data = {str(k): str(v).lower() if isinstance(v, bool) else str(v) for k, v in (settings or {}).items()}
        return [{'apiVersion': 'v1', 'kind': 'ConfigMap', 'metadata': {'name': CONFIG_MAP, 'namespace': NAMESPACE}, 'data': data},
                {'apiVersion': 'v1', 'kind': 'Pod', 'metadata': {'name': POD, 'namespace': NAMESPACE, 'labels': {'app.kubernetes.io/name': 'ingress-nginx'}},
                 'spec': {'nodeName': 'lab', 'containers': [{'name': 'controller', 'image': 'ingress-nginx/controller'}]}}]

    def case(self, case, keep=None):
        settings = case.get('controller') or {}
        docs = gateway.documents(case['given'])
        given = {gateway.key(d) for d in docs}
        own = [d for d in self.own(settings.get('configmap')) if gateway.key(d) not in given]
        docs = own + sorted(docs, key=lambda d: d.get('kind') != 'IngressClass')
        out = {k: case[k] for k in ('topic', 'about', 'ordered', 'controller', 'client') if k in case}
        folder = tempfile.mkdtemp(prefix='case-', dir=self.folder)
        try:
            refused = [{'kind': 'admission', **one} for one in self.load(docs, 'same')]
            self.running = Controller(self.ns, self.address, folder, [str(flag) for flag in settings.get('flags') or []], self.certificate)
            wrong = self.running.wait()
            entry = self.traffic.Entry(self.address, {}, client=case.get('client') or CLIENT, close=True)
            slow = 'mirror' in case['given']
            answers = [self.observed(exchange['request'], entry, 0.15 if slow else 0) for exchange in case['exchanges']]
            text = self.running.said()
            refused += dropped(text)
            if wrong and wrong[0] == 'trouble':
                out['trouble'] = wrong[1]
            elif wrong:
                refused.append({'kind': wrong[0], 'message': wrong[1]})
            asked = [d for path, d in self.made if d['kind'] == 'Ingress'] if self.webhook and not wrong else []
            said = [one for one in map(self.ask_webhook, asked) if one]
            if keep:
                with open(keep + '.log', 'w') as file:
                    file.write(text)
                with open(keep + '.conf', 'w') as file:
                    file.write(self.running.conf())
                with open(keep + '.error.log', 'w') as file:
                    file.write(self.running.error_log())
        finally:
            if self.running:
                self.running.kill()
            self.running = None
            self.clean()
            self.api.call('DELETE', f'/api/v1/namespaces/{NAMESPACE}/pods/{POD}?gracePeriodSeconds=0')
            shutil.rmtree(folder, ignore_errors=True)
        if refused:
            out['refused'] = refused[0]
        if refused[1:]:
            out['refused_more'] = refused[1:]
        if said:
            out['webhook'] = said
        if log := complaints(text):
            out['controller_log'] = log
        out['given'] = case['given']
        out['exchanges'] = [{'request': exchange['request'], 'observed': answer} for exchange, answer in zip(case['exchanges'], answers)]
        return out

    def observed(self, request, entry, settle):
        """An answer in the words of the recordings."""
        if request.get('pause'):
            time.sleep(float(request['pause']))
        try:
            seen = self.traffic.run_request(request, self.echo, entry, settle)
        except (ValueError, IndexError) as error:
            seen = {'error': plain_error(error)}
        main, others = seen.get('upstream'), seen.get('also_reached') or []
        if main and main['path'].startswith('/_mirror-'):
            one = next((one for one in others if one['backend'] == seen['backend'] and not one['upstream']['path'].startswith('/_mirror-')), None)
            if one:
                seen['upstream'], one['upstream'] = one['upstream'], main
        for one in [seen.get('upstream')] + [one['upstream'] for one in others]:
            if one:
                one['path'] = re.sub('^/_mirror-[0-9a-f-]{36}', '/_mirror-UUID', one['path'])
                if one.get('tls'):
                    one['tls'] = True
                if one.pop('protocol', None) == 'HTTP/2':
                    one['http2'] = True
        for name in RECORDED_HEADERS_LEFT_OUT:
            (seen.get('headers') or {}).pop(name, None)
        if seen.get('headers') == {}:
            del seen['headers']
        cookies = (seen.get('headers') or {}).get('set-cookie')
        if cookies:
            seen['headers']['set-cookie'] = [steady(one) for one in cookies] if isinstance(cookies, list) else steady(cookies)
        seen.pop('content_type', None)
        if seen.get('status') != 200 or seen.get('backend'):
            seen.pop('body', None)
        if others := seen.pop('also_reached', None):
            seen['other_upstream_requests'] = [{'backend': one['backend'], **one['upstream']} for one in others]
        return seen

    def ask_webhook(self, ingress):
        """What the controller's webhook says of an Ingress: None if it may pass."""
        status, stored = self.api.call('GET', self.api.path(ingress))
        if status != 200:
            return None
        stored.update({'apiVersion': 'networking.k8s.io/v1', 'kind': 'Ingress'})
        meta, kind = stored['metadata'], {'group': 'networking.k8s.io', 'version': 'v1', 'kind': 'Ingress'}
        review = {'apiVersion': 'admission.k8s.io/v1', 'kind': 'AdmissionReview', 'request': {
            'uid': meta['uid'], 'kind': kind, 'requestKind': kind, 'resource': {'group': 'networking.k8s.io', 'version': 'v1', 'resource': 'ingresses'},
            'name': meta['name'], 'namespace': meta['namespace'], 'operation': 'CREATE', 'userInfo': {'username': 'admin'}, 'object': stored}}
        with gateway.inside(self.ns):
            connection = http.client.HTTPSConnection('127.0.0.1', WEBHOOK_PORT, timeout=20, context=ssl._create_unverified_context())
            connection.connect()
        connection.request('POST', '/networking/v1/ingresses', json.dumps(review), {'Content-Type': 'application/json'})
        answer = json.loads(connection.getresponse().read())['response']
        connection.close()
        if answer.get('allowed'):
            return None
        message = (answer.get('status') or {}).get('message', '')
        return {'object': f"Ingress {meta['namespace']}/{meta['name']}", 'message': emergency(message) or message.strip()}


# ---------------------------------------------------------------- the log

def lines(text):
    """(severity, file, message) of every line that the controller itself wrote."""
    for line in text.splitlines():
        found = LINE.match(line)
        if found:
            yield found[1], found[2], found[3]


def dropped(text):
    """Ingresses that the controller left out, and why."""
    out, last = {}, None

    def leave(name, why):
        out.setdefault(name, {'kind': 'dropped', 'object': f'Ingress {name}', 'message': why})
    for severity, file, message in lines(text):
        if file != 'store.go':
            continue
        named = re.search(r' ingress="([^"]+)"', message)
        if 'Found valid IngressClass' in message:
            last = named and named[1]
        elif 'error while validating ingress class' in message:
            leave(named[1], 'class: ' + re.search(r' error="(.*)"$', message)[1])
        elif 'received invalid ingress' in message:
            leave(named[1], 'deep inspection: ' + re.search(r' err="(.*?)" ingress=', message)[1])
        elif '--disable-catch-all' in message:
            leave(named[1], 'catch-all')
        elif found := re.match(r'skipping ingress (\S+): (.*)', message):
            leave(found[1], found[2])
        elif severity == 'E' and message.startswith('annotation ') and last:
            leave(last, message)
    return [out[name] for name in sorted(out)]


def complaints(text):
    """Warnings and errors about the case, each once."""
    found = {f'{severity} {file}: {message}' for severity, file, message in lines(text) if severity in 'WE' and not USUAL.search(message)}
    return sorted(re.sub(r'0x[0-9a-f]{6,}', 'ADDRESS', one) for one in found)


# ---------------------------------------------------------------- comparison and command line

def differences(case, seen):
    """Where answers are not those that the case records."""
    import compare
    out = []
    for recorded, found in zip(case['exchanges'], seen['exchanges']):
        old, new = recorded.get('observed'), found['observed']
        if old is None:
            continue
        for aspect in {**old, **new}:
            one, other = old.get(aspect), new.get(aspect)
            if aspect == 'body':
                continue
            if aspect == 'split' and one and other:
                if compare.splits(old, new):
                    out.append((recorded['request'], aspect, one, other))
            elif aspect == 'error' and one and other:
                if one.split(':')[0] != other.split(':')[0]:
                    out.append((recorded['request'], aspect, one, other))
            elif one != other and not ('split' in old and aspect not in old):
                out.append((recorded['request'], aspect, one, other))
    refused = [sorted((one['kind'], one.get('object', '')) for one in [of.get('refused') or {}, *(of.get('refused_more') or [])] if one) for of in (case, seen)]
    if refused[0] != refused[1]:
        out.append(('refused', 'refused', *refused))
    return out


def shown(case):
    """YAML in the layout of the recordings."""
    import yaml

    class Dumper(yaml.SafeDumper):
        pass
    Dumper.ignore_aliases = lambda *_: True

    def flow(value):
        return yaml.dump(value, Dumper=Dumper, default_flow_style=True, width=float('inf'), sort_keys=False, allow_unicode=True).strip().removesuffix('\n...')
    text = ''
    for name, value in case.items():
        if name == 'given':
            text += 'given: |\n' + ''.join(f'  {line}\n' if line else '\n' for line in value.rstrip('\n').split('\n'))
        elif name == 'exchanges':
            text += 'exchanges:\n' + ''.join(f"  - request: {flow(one['request'])}\n    observed: {flow(one['observed'])}\n" for one in value)
        elif isinstance(value, list):
            text += f'{name}:\n' + ''.join(f'  - {flow(one)}\n' for one in value)
        else:
            text += f'{name}: {flow(value)}\n'
    return text


def main():
    cluster.use_venv()
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument('lab')
    options.add_argument('command', choices=('answers', 'down'))
    options.add_argument('cases', nargs='*')
    options.add_argument('-o', '--output')
    options.add_argument('--check', action='store_true')
    options.add_argument('--only')
    options.add_argument('--keep')
    options.add_argument('--no-webhook', action='store_true')
    asked = options.parse_args()
    if asked.command == 'down':
        return cluster.stop()
    paths = [path for one in asked.cases for path in (sorted(glob.glob(one + '/*.yaml')) if os.path.isdir(one) else [one])]
    paths = [path for path in paths if not asked.only or re.search(asked.only, os.path.basename(path))]
    for folder in filter(None, (asked.output, asked.keep)):
        os.makedirs(folder, exist_ok=True)
    lab, wrong, total, differ = Lab(not asked.no_webhook), 0, 0, 0
    try:
        for path in paths:
            case, name, begin = gateway.read_yaml(path), os.path.splitext(os.path.basename(path))[0], time.monotonic()
            seen = lab.case(case, asked.keep and os.path.join(asked.keep, name))
            told = f"{name}: {len(seen['exchanges'])} requests, {time.monotonic() - begin:.1f} s" + (f", TROUBLE {seen['trouble']}" if seen.get('trouble') else '')
            if asked.check:
                found = differences(case, seen)
                total += len(seen['exchanges'])
                differ += len({id(one[0]) for one in found})
                wrong += bool(found)
                told += f', {len({id(one[0]) for one in found})} differ'
                for request, aspect, one, other in found:
                    told += f'\n    {json.dumps(request)}\n      {aspect}: recorded {json.dumps(one)}\n      {" " * len(aspect)}  seen     {json.dumps(other)}'
            print(told, flush=True)
            if asked.output:
                with open(os.path.join(asked.output, name + '.yaml'), 'w') as file:
                    file.write(shown(seen))
    finally:
        lab.close()
    if asked.check:
        print(f'{len(paths)} cases, {wrong} differ; {total} requests, {differ} differ')
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
