//! Traefik, which asks by ForwardAuth; an nginx beside it serves the object that comes back.
//!
//! No middleware of Traefik can set the path from a header, so the name of the object goes to the origin in a header.

use super::template::fill;
use super::{ExportError, Exported, File, Kind, Request, comment, decider, decider_command, nginx, origin, upstream};

const LANGUAGE: &str = "Traefik";

/// `traefik.yaml`, `tierpress.yaml`, and nginx as the origin.
pub(super) fn traefik(request: &Request<'_>) -> Result<Exported, ExportError> {
    let upstream = upstream(request)?;
    let values = [
        ("title", comment(LANGUAGE, &request.manifest.site.base_url)?),
        ("build", comment(LANGUAGE, &request.manifest.build)?),
        ("listen", &request.listen.to_string()),
        ("decider", &decider(request, Kind::Traefik)?.to_string()),
        ("origin", &origin::address(request).to_string()),
    ];
    let by_header = origin::Form {
        kind: Kind::Traefik,
        proxy: LANGUAGE,
        http: &upstream.map(nginx::upstream_block).unwrap_or_default(),
        headers: HEADERS,
        locations: if upstream.is_some() { include_str!("traefik/passthrough.conf") } else { OBJECTS },
    };
    Ok(Exported {
        files: vec![
            File::new("traefik.yaml", fill(include_str!("traefik/traefik.yaml"), &values)),
            File::new("tierpress.yaml", fill(include_str!("traefik/tierpress.yaml"), &values)),
            origin::file(request, &by_header)?,
        ],
        run: vec![
            decider_command(request, " --target-header X-Forwarded-Uri --method-header X-Forwarded-Method"),
            origin::COMMAND.to_owned(),
            "cd {out} && traefik --configFile=traefik.yaml".to_owned(),
        ],
    })
}

/// The headers of the decision, which Traefik has put on the request.
const HEADERS: &str = "\
add_header Cache-Control $http_cache_control always;
add_header Vary $http_vary always;
add_header Cross-Origin-Resource-Policy $http_cross_origin_resource_policy always;
add_header X-Content-Type-Options $http_x_content_type_options always;
add_header Referrer-Policy $http_referrer_policy always;
add_header Content-Security-Policy $http_content_security_policy always;
add_header Tierpress-Reason $http_tierpress_reason always;
add_header Tierpress-Available-At $http_tierpress_available_at always;";

const OBJECTS: &str = "\
location / {
    try_files /$http_tierpress_object =503;
}";
