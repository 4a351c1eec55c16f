//! The old side: servers, locations, and how ingress-nginx answers a request.
