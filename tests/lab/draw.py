"""What the generators of random cases have in common."""
import yaml


def maybe(rng, share):
    return rng.random() < share


def some(rng, values, most=2):
    return rng.sample(values, rng.randint(1, min(most, len(values))))


def preflight(rng, out, headers):
    """Makes a preflight of a request, or nearly one."""
    out['method'] = 'OPTIONS'
    if maybe(rng, 0.8):
        headers['Access-Control-Request-Method'] = rng.choice(['GET', 'PUT', 'DELETE'])
    if maybe(rng, 0.3):
        headers['Access-Control-Request-Headers'] = 'X-One'


def with_body(rng, out, sizes):
    """A body for some requests that may have one."""
    if maybe(rng, 0.2):
        out.setdefault('method', 'POST')
        if out['method'] == 'POST':
            out['body_bytes'] = rng.choice(sizes)


def case(topic, objects, exchanges):
    """A case as it is recorded. Ages are forged in document order, so that no tie is left to chance."""
    for position, one in enumerate(objects):
        one['metadata']['creationTimestamp'] = f'2026-01-01T00:{position // 60:02}:{position % 60:02}Z'
    return {'topic': topic, 'given': '---\n'.join(yaml.safe_dump(one, sort_keys=False) for one in objects), 'exchanges': exchanges}
