//! Envoy, which asks by `ext_authz` and fetches the object from an origin.

use super::template::fill;
use super::{Address, ExportError, Exported, File, Kind, Request, comment, decider, decider_command, origin, upstream};
use crate::edge::answer;

const LANGUAGE: &str = "Envoy";

/// `envoy.yaml`, and nginx as the origin.
pub(super) fn envoy(request: &Request<'_>) -> Result<Exported, ExportError> {
    let upstream = upstream(request)?;
    let origin = origin::address(request);
    let text = fill(
        include_str!("envoy/envoy.yaml"),
        &[
            ("title", comment(LANGUAGE, &request.manifest.site.base_url)?),
            ("build", comment(LANGUAGE, &request.manifest.build)?),
            ("listen", &socket(&request.listen)),
            ("decider", &decider(request, Kind::Envoy)?.to_string()),
            ("bad_target", &quoted(answer::BAD_TARGET)),
            ("text", answer::TEXT),
            ("csp", &request.csp.map(csp).transpose()?.unwrap_or_default()),
            ("passthrough", upstream.map(|_| PASSTHROUGH).unwrap_or_default()),
            ("decider_cluster", &cluster(decider(request, Kind::Envoy)?, "decider")),
            ("origin_cluster", &cluster(&origin, "origin")),
            ("upstream_cluster", &upstream.map(upstream_cluster).unwrap_or_default()),
        ],
    );
    let by_path = origin::Form {
        kind: Kind::Envoy,
        proxy: LANGUAGE,
        http: "",
        headers: "",
        locations: "\
location / {
    try_files $uri =503;
}",
    };
    Ok(Exported {
        files: vec![File::new("envoy.yaml", text), origin::file(request, &by_path)?],
        run: vec![
            decider_command(request, ""),
            origin::COMMAND.to_owned(),
            "envoy -c {out}/envoy.yaml --disable-hot-restart".to_owned(),
        ],
    })
}

/// A text of YAML between quotes, which is one of JSON too (YAML 1.2, 1.3).
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Envoy formats the values of headers: a `%` begins a command.
fn csp(csp: &str) -> Result<String, ExportError> {
    let csp = quoted(comment(LANGUAGE, csp)?).replace('%', "%%");
    Ok(format!("- header: {{key: content-security-policy, value: {csp}}}"))
}

const PASSTHROUGH: &str = "
# Paths of another upstream: the request as it came, target, method and body.
- match:
    prefix: /
    headers:
      - {name: tierpress-passthrough, present_match: true}
  route: {cluster: upstream, timeout: 0s}
  request_headers_to_remove: [tierpress-target, tierpress-method, tierpress-passthrough]";

fn upstream_cluster(upstream: &Address) -> String {
    format!("- name: upstream\n  {}", cluster(upstream, "upstream").replace('\n', "\n  "))
}

fn cluster(address: &Address, name: &str) -> String {
    let kind = if address.is_name() { "STRICT_DNS" } else { "STATIC" };
    format!(
        "\
type: {kind}
connect_timeout: 2s
load_assignment:
  cluster_name: {name}
  endpoints:
    - lb_endpoints:
        - endpoint: {{address: {}}}",
        socket(address)
    )
}

fn socket(address: &Address) -> String {
    format!("{{socket_address: {{address: \"{}\", port_value: {}}}}}", address.host(), address.port())
}
