#!/usr/bin/env python3
"""Traefik as controller of Gateway API in the lab's cluster, in the place of Envoy Gateway.

  traefik_lab.py LAB probe ... | replay --target traefik ... | down      as e2e.py of the folder LAB

One process serves all Gateways: every port of PORTS is an entry point, whether a listener names it or not. The providers for Gateway API
and for its own kinds run. Environment: LAB_TRAEFIK, the program; LAB_TRAEFIK_CRDS, a folder with the definitions of traefik.io.
"""
import http.client, json, os, sys, time

sys.path.insert(0, sys.argv[1])
import cluster
import gateway
import instead

PORTS = (80, 443, 8080, 8443, 8090)
API_PORT = 9999
NAME = 'envoy-gateway'        # under which the lab knows its controller

gateway.CONTROLLER = 'traefik.io/gateway-controller'
gateway.GROUPS = ('gateway.networking.k8s.io', 'traefik.io')


class Lab(gateway.Lab):
    """The running cluster with Traefik in it."""

    def __init__(self, **how):
        self.installed = False
        cluster.end(NAME, hard=True)
        super().__init__(**how)
        self.traffic.PRESENT.add('x-forwarded-server')

    def controller(self, more=None):
        """Starts Traefik anew: ties are decided at every start."""
        if not self.installed:
            cluster.install_crds(self.api, [os.environ['LAB_TRAEFIK_CRDS']])
            self.api.resources.clear()
            self.installed = True
        cluster.end(NAME, hard=True)
        flags = [f'--entryPoints.p{port}.address=:{port}' for port in PORTS]
        flags += [f'--entryPoints.traefik.address=127.0.0.1:{API_PORT}', '--api.insecure=true', '--log.level=DEBUG', '--log.format=json', '--providers.kubernetesgateway=true',
                  '--providers.kubernetescrd=true', '--providers.providersthrottleduration=50ms', '--global.checknewversion=false', '--global.sendanonymoususage=false']
        flags += [str(flag) for flag in (more or {}).get('flags') or []]
        with open(cluster.KUBECONFIG) as file:
            files = {'/config/kubeconfig': file.read()}
        folder, program = f'{cluster.STATE}/traefik', os.path.realpath(os.environ['LAB_TRAEFIK'])
        os.makedirs(folder, exist_ok=True)
        env = {'PATH': os.environ['PATH'], 'KUBECONFIG': '/config/kubeconfig', 'HOME': '/tmp'}
        cluster.spawn(NAME, cluster.container(self.ns, folder, [program, *flags], files), 'wb', env=env)
        deadline = time.monotonic() + 60
        while self.state() is None:
            if not cluster.alive(NAME) or time.monotonic() > deadline:
                sys.exit(f'Traefik did not start; see {cluster.STATE}/{NAME}.log')
            time.sleep(0.02)

    def state(self):
        """What it has loaded, as text; None: it is not up."""
        try:
            with gateway.inside(self.ns):
                connection = http.client.HTTPConnection('127.0.0.1', API_PORT, timeout=2)
                connection.connect()
            connection.request('GET', '/api/rawdata')
            body = connection.getresponse().read()
            connection.close()
        except (OSError, http.client.HTTPException):
            return None
        return body

    def controller_log(self, since=0):
        with open(f'{cluster.STATE}/{NAME}.log', errors='replace') as file:
            file.seek(since)
            return file.read()

    def infra(self):
        return {}

    def wait(self, begin):
        """Until every object has its status and nothing changes any more. None, or what did not happen in time."""
        deadline, seen, since = time.monotonic() + gateway.READY_LIMIT, None, time.monotonic()
        while time.monotonic() < deadline:
            if not cluster.alive(NAME):
                return 'Traefik ended: ' + self.controller_log()[-300:]
            objects, state = self.live(), self.state()
            missing = set(gateway.unsettled(objects))
            now = json.dumps([[one.get('status') for one in objects.values()], state and state.decode('utf-8', 'replace')])
            if now != seen:
                seen, since = now, time.monotonic()
            quiet = time.monotonic() - since
            # It tells a status before it serves what the status is about.
            loaded = state is not None and b'@kubernetesgateway' in state
            if state is not None and (not missing and quiet > (0.5 if loaded else 3) or quiet > 4):
                return None
            time.sleep(0.05)
        return 'not ready in time: ' + '; '.join(sorted(missing))

    def entry(self, gateway=None, **how):
        return self.traffic.Entry(self.address, {}, **how)

    def run(self, docs, exchange, stamps='order', more=None, keep=None):
        seen = {}

        def noted(lab):
            seen['answers'] = exchange(lab)
            seen['log'] = lab.warnings()
            return seen['answers']
        out = super().run(docs, noted, stamps, {'flags': (more or {}).get('flags')}, keep)
        if seen.get('log'):
            out['controller_log'] = seen['log']
        return out

    def warnings(self):
        """Its warnings and errors about the case, each once."""
        out = set()
        for line in self.controller_log().splitlines():
            try:
                said = json.loads(line)
            except ValueError:
                continue
            if said.get('level') in ('error', 'warn') and ('error' in said or 'routerName' in said or 'Unable' in said.get('message', '')):
                if 'the object has been modified' not in line:
                    out.add(f"{said['level']}: {said.get('message', '')} [{said.get('error', '')}] {said.get('routerName', '')}")
        return sorted(out)


instead.run(Lab, lambda: instead.installed(gateway='Traefik', proxy='Traefik'))
