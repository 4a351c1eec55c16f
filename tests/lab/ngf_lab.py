#!/usr/bin/env python3
"""NGINX Gateway Fabric in the place of the lab's Envoy Gateway: its control plane without a cluster, and an nginx for every Gateway.

  ngf_lab.py LAB probe ... | replay --target nginx-gateway-fabric ...      as e2e.py of the folder LAB
  ngf_lab.py LAB statuses --truth DIR --gateshift BIN                      only what the control plane and `nginx -t` say of conversions

No API server runs: the program of ngf/main.go holds objects against the definitions of their kinds, has the controller's own code build
nginx's files, and tells the statuses. The files are not touched; nginx and its module of njs are those of NGINX Gateway Fabric's image.

Environment:
  LAB_NGF_SOURCE      the source of NGINX Gateway Fabric, with ngf/main.go built in it:
                        mkdir cmd/lab && cp .../tests/lab/ngf/main.go cmd/lab && go get ./cmd/lab && go build -o lab ./cmd/lab
  LAB_NGF             the program built from it (LAB_NGF_SOURCE/lab)
  LAB_NGF_CRDS        folders with definitions, separated by colons (config/crd/bases of that source, and those of the Gateway API
                      that it names in its go.mod, standard channel)
  LAB_NGINX           nginx of the version in build/Dockerfile.nginx, configured with
                        --conf-path=/etc/nginx/nginx.conf --with-http_ssl_module --with-http_v2_module --with-http_realip_module
                        --with-http_auth_request_module --with-http_stub_status_module --with-stream --with-stream_ssl_module
                        --with-stream_ssl_preread_module --add-dynamic-module=NJS/nginx
  LAB_NGINX_JS        its ngx_http_js_module.so (beside LAB_NGINX)
  LAB_NGF_EXPERIMENTAL  set: with its experimental features switched on
"""
import argparse, fcntl, glob, json, os, shutil, socket, subprocess, sys, tempfile, time

LAB = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else sys.exit(__doc__)
sys.path.insert(0, LAB)
os.environ.setdefault('LAB_NETNS', 'gsngf')
import cluster
if 'LAB_STATE' not in os.environ:
    cluster.STATE = os.path.join(cluster.HOME, 'state-ngf')
import gateway
import instead

CLASS = 'eg'
gateway.CONTROLLER = 'gateway.nginx.org/nginx-gateway-controller'
gateway.GROUPS = ('gateway.networking.k8s.io', 'gateway.nginx.org')
CLUSTER_WIDE = ('Namespace', 'GatewayClass')


def setting(name, default=None):
    return os.environ.get(name) or default or sys.exit(f'{name} is not set; see {os.path.basename(__file__)} without arguments')


def source():
    return setting('LAB_NGF_SOURCE')


def definitions():
    """Folders with the definitions of all kinds that are installed beside the controller."""
    if os.environ.get('LAB_NGF_CRDS'):
        return os.environ['LAB_NGF_CRDS'].split(':')
    module = subprocess.run(['go', 'list', '-m', '-f', '{{.Dir}}', 'sigs.k8s.io/gateway-api'], cwd=source(), capture_output=True, text=True, check=True).stdout.strip()
    channel = 'experimental' if os.environ.get('LAB_NGF_EXPERIMENTAL') else 'standard'
    return [f'{source()}/config/crd/bases', f'{module}/config/crd/{channel}']


class ControlPlane:
    """The program of ngf/main.go."""

    def __init__(self):
        env = {**os.environ, **({'NGF_EXPERIMENTAL': '1'} if os.environ.get('LAB_NGF_EXPERIMENTAL') else {})}
        program = setting('LAB_NGF', os.path.join(source(), 'lab'))
        self.process = subprocess.Popen([program, *definitions()], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env)

    def ask(self, objects, name):
        self.process.stdin.write(json.dumps({'objects': objects, 'class': name}) + '\n')
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            sys.exit('the control plane ended')
        said = json.loads(line)
        return {k: v or [] if k != 'panic' else v for k, v in said.items()}

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def image():
    """What the image of its nginx holds beside what the controller writes: {path: text}."""
    conf, out = f'{source()}/internal/controller/nginx/conf', {'/var/log/nginx/.lab': '', '/etc/nginx/logs/.lab': '', '/var/run/nginx/.lab': ''}
    for name in ('nginx.conf', 'grpc-error-locations.conf', 'grpc-error-pages.conf'):
        with open(f'{conf}/{name}') as file:
            out[f'/etc/nginx/{name}'] = file.read()
    for path in glob.glob(f'{source()}/internal/controller/nginx/modules/src/*.js'):
        with open(path) as file:
            out[f'/etc/nginx/modules/njs/{os.path.basename(path)}'] = file.read()
    module = setting('LAB_NGINX_JS', os.path.join(os.path.dirname(setting('LAB_NGINX')), 'ngx_http_js_module.so'))
    with open(module, 'rb') as file:
        out['/etc/nginx/modules/ngx_http_js_module.so'] = file.read()
    out['/etc/nginx/mime.types'] = 'types { text/html html; application/json json; }\n'
    out['/etc/passwd'], out['/etc/group'] = 'root:x:0:0::/:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n', 'root:x:0:\nnogroup:x:65534:\nnobody:x:65534:\n'
    for path in ('/etc/ssl/cert.pem', '/etc/ssl/certs/ca-certificates.crt'):
        if os.path.exists('/etc/ssl/certs/ca-certificates.crt'):
            with open('/etc/ssl/certs/ca-certificates.crt') as file:
                out[path] = file.read()
    return out


class Nginx:
    """The nginx of one Gateway, in a network namespace of its own."""

    def __init__(self, number, files, folder):
        self.ns, self.address = cluster.pod_network(number)
        self.log = os.path.join(folder, 'nginx.log')
        os.makedirs(folder, exist_ok=True)
        self.files, self.folder, self.process = files, folder, None

    def argv(self, *more):
        return cluster.container(self.ns, self.folder, [os.path.realpath(setting('LAB_NGINX')), '-p', '/etc/nginx/', *more], self.files)

    def test(self):
        """None, or why nginx refuses the files."""
        done = subprocess.run(self.argv('-t'), capture_output=True, text=True)
        return None if done.returncode == 0 else ' '.join(line for line in done.stderr.splitlines() if 'emerg' in line)[-400:] or done.stderr[-400:]

    def start(self):
        with open(self.log, 'wb') as log:
            self.process = subprocess.Popen(['setpriv', '--pdeathsig', 'KILL', *self.argv('-g', 'daemon off;')], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                with open(self.log, errors='replace') as log:
                    return 'nginx ended: ' + ' '.join(line.strip() for line in log if '[emerg]' in line)[-400:]
            try:
                with socket.create_connection((self.address, 8081), 1) as ready:
                    ready.sendall(b'GET /readyz HTTP/1.0\r\n\r\n')
                    if b' 200 ' in ready.recv(100):
                        return None
            except OSError:
                pass
            time.sleep(0.01)
        return 'nginx is not ready'

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(3)
            except subprocess.TimeoutExpired:
                self.process.kill()
        if self.process:
            self.process.wait()


class Lab(gateway.Lab):
    """The control plane, the nginxes, backends and clients."""

    def __init__(self, **_):
        os.makedirs(cluster.STATE, exist_ok=True)
        self.lock = open(cluster.STATE + '.lock', 'w')
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            sys.exit(f'another works in {cluster.STATE}; set LAB_STATE and LAB_NETNS')
        cluster.network_up()
        cluster.enter()
        import traffic
        self.traffic, self.echo = traffic, traffic.Echo(cluster.ADDRESS)
        plain = traffic.upstream
        # The module for gRPC says the host in a header of that name.
        self.traffic.upstream = lambda seen, req: plain({**seen, 'host': seen['host'] or dict(seen['headers']).get('host', '')}, req)
        self.control, self.image = ControlPlane(), image()
        self.objects, self.envoys, self.gateways, self.made = [], {}, [], []
        self.address = cluster.ADDRESS
        self.folder = tempfile.mkdtemp(prefix='run-', dir=cluster.STATE)

    # -- what the lab asks of an API server

    @property
    def api(self):
        return self

    def resource(self, _version, kind):
        return kind, kind not in CLUSTER_WIDE

    def make(self, d, refused, stamp=None):
        meta = d['metadata']
        meta.update({'creationTimestamp': stamp or '2026-01-01T00:00:00Z', 'generation': 1, 'uid': f'{len(self.objects):08}-0000-4000-8000-000000000000', 'resourceVersion': '1'})
        if d['kind'] not in CLUSTER_WIDE:
            meta.setdefault('namespace', 'default')
        self.objects.append(d)
        return d

    def install(self):
        """The settings that its chart installs, and every class of the controller refers to."""
        kind, where = {'apiVersion': 'gateway.nginx.org/v1alpha2', 'kind': 'NginxProxy'}, {'name': 'ngf-proxy-config', 'namespace': 'nginx-gateway'}
        self.make({**kind, 'metadata': dict(where), 'spec': {'kubernetes': {'deployment': {'replicas': 1}}}}, [])
        for one in self.objects:
            if one['kind'] == 'GatewayClass' and one['spec'].get('controllerName') == gateway.CONTROLLER:
                one['spec'].setdefault('parametersRef', {'group': 'gateway.nginx.org', 'kind': 'NginxProxy', **where})

    # -- one case

    def plan(self, docs, stamps):
        """What the control plane makes of these objects."""
        self.objects = []
        refused = self.load(docs, stamps)
        self.install()
        classes = [one[2] for one in self.gateways] or [CLASS]
        said = self.control.ask(self.objects, classes[0])
        said['refused'] = refused + said['refused']
        return said

    def serve(self, said):
        """Starts an nginx for each Gateway; what they complain of."""
        trouble = []
        for number, one in enumerate(sorted(said['gateways'], key=lambda one: (one['namespace'], one['name']))):
            nginx = Nginx(gateway.EMPTY_POD + 1 + number, {**self.image, **one['files']}, f'{self.folder}/nginx-{number}')
            self.envoys[(one['namespace'], one['name'])] = nginx
            wrong = nginx.start()
            if wrong:
                trouble.append(f"{one['namespace']}/{one['name']}: {wrong}")
        return trouble

    def entry(self, name=None, **how):
        for one in [one for one in self.gateways if not name or one[:2] == name]:
            nginx = self.envoys.get((one[0], one[1]))
            if nginx:
                return self.traffic.Entry(nginx.address, {}, **how)
        return self.traffic.Entry(cluster.pod_network(gateway.EMPTY_POD)[1], {}, **how)

    def run(self, docs, exchange, stamps='order', more=None, keep=None):
        try:
            said = self.plan(docs, stamps)
            trouble = self.serve(said)
            answers = exchange(self)
            if keep:
                self.store(keep, said)
        finally:
            self.clean()
        objects = {gateway.key(one): one for one in said['objects']}
        out = {'answers': answers, 'statuses': self.statuses(objects)}
        if said['refused']:
            out['refused'] = {'kind': 'admission', 'message': '; '.join(f"{one['object']}: {one['message']}" for one in said['refused'])}
        elif trouble:
            out['refused'] = {'kind': 'config', 'message': '; '.join(trouble)}
        if said.get('panic'):
            out['trouble'] = 'the controller panics: ' + said['panic']
        return out

    @staticmethod
    def statuses(objects):
        """As the lab tells them; filters of NGINX Gateway Fabric say theirs by controller."""
        out = gateway.statuses({k: v for k, v in objects.items() if 'controllers' not in (v.get('status') or {})})
        for (kind, ns, name), one in sorted(objects.items()):
            for said in (one.get('status') or {}).get('controllers') or []:
                out.setdefault('policies', []).append({'kind': kind, 'name': f'{ns}/{name}', 'conditions': gateway.conditions(said['conditions'])})
        return out

    def store(self, prefix, said):
        with open(prefix + '.objects.json', 'w') as file:
            json.dump(said['objects'], file, indent=1)
        for (ns, name), nginx in self.envoys.items():
            for path, text in nginx.files.items():
                if path not in self.image:
                    target = f'{prefix}.{ns}_{name}{path}'
                    os.makedirs(os.path.dirname(target), exist_ok=True)
                    with open(target, 'w') as file:
                        file.write(text)
            shutil.copy(nginx.log, f'{prefix}.{ns}_{name}.log')

    def clean(self, everything=False):
        for one in self.envoys.values():
            one.kill()
        self.envoys = {}
        self.echo.reset()

    def close(self):
        self.clean()
        self.control.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def versions():
    """What runs."""
    nginx = subprocess.run([setting('LAB_NGINX'), '-v'], capture_output=True, text=True).stderr.strip().rpartition('/')[2]
    with open(f'{source()}/CHANGELOG.md') as file:
        release = next((line.split()[2] for line in file if line.startswith('## Release ')), 'of unknown version')
    return {'gateway': f'NGINX Gateway Fabric {release}', 'proxy': f'nginx {nginx}'}


def unhappy(said):
    """Conditions that are not good, in one line each."""
    objects = {gateway.key(one): one for one in said['objects']}
    for part in Lab.statuses(objects).values():
        for one in part:
            groups = [one.get('conditions') or []] + [p['conditions'] for p in one.get('parents', []) + one.get('ancestors', []) + one.get('listeners', [])]
            for condition in (c for group in groups for c in group):
                if condition['status'] != gateway.GOOD.get(condition['type'], 'True') or condition['reason'] not in GOOD_REASONS:
                    yield f"{one['kind']} {one['name']}: {condition['type']}={condition['status']} {condition['reason']}: {condition.get('message', '')}"


GOOD_REASONS = {'Accepted', 'Programmed', 'ResolvedRefs', 'NoConflicts', 'Attached', 'NoValidCACertificate'}


def command_statuses():
    """Converts every case, and prints what is not accepted."""
    import replay
    options = argparse.ArgumentParser(prog='ngf_lab.py LAB statuses')
    options.add_argument('--truth', required=True, nargs='+')
    options.add_argument('--gateshift', required=True)
    options.add_argument('--only')
    options.add_argument('--limit', type=int)
    options.add_argument('--keep')
    asked = options.parse_args(sys.argv[2:])
    lab, wrong, counted = Lab(), 0, 0
    try:
        for path in replay.truth_files(asked):
            case, name = gateway.read_yaml(path), os.path.splitext(os.path.basename(path))[0]
            docs = replay.accepted(case)
            with tempfile.TemporaryDirectory() as folder:
                manifests, failed, _, _ = replay.convert(asked.gateshift, 'nginx-gateway-fabric', {**case, 'exchanges': []}, docs, folder)
            if failed:
                print(f'{name}: {failed}')
                continue
            counted += 1
            said = lab.plan(replay.together(docs, manifests), 'same')
            lines = [f"refused {one['object']}: {one['message']}" for one in said['refused']] + sorted(set(unhappy(said)))
            if said.get('panic'):
                lines.append('PANIC ' + said['panic'])
            for number, one in enumerate(said['gateways']):
                why = Nginx(gateway.EMPTY_POD + 1 + number, {**lab.image, **one['files']}, f'{lab.folder}/test').test()
                if why:
                    lines.append(f"nginx {one['namespace']}/{one['name']}: {why}")
            if lines:
                wrong += 1
                print(name + ''.join(f'\n    {line}' for line in lines), flush=True)
            lab.clean()
    finally:
        lab.close()
    print(f'{counted} cases, {wrong} with something that is not accepted')
    return 1 if wrong else 0


def main():
    if sys.argv[2:3] == ['statuses']:
        cluster.use_venv()
        del sys.argv[1]
        sys.exit(command_statuses())
    instead.run(Lab, versions)


if __name__ == '__main__':
    main()
