# Runs worker.mjs on workerd, the open runtime of Cloudflare Workers, with the store in a folder.

using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    # The output of `tierpress build`. Only the worker can reach it.
    (name = "store", {{store}}),
    {{upstream}}
  ],
  sockets = [(name = "http", address = {{listen}}, http = (), service = "main")],
);

const worker :Workerd.Worker = (
  modules = [(name = "worker.mjs", esModule = embed "worker.mjs")],
  compatibilityDate = "2025-10-01",
  bindings = [
    (name = "OBJECTS", service = "store"),
    {{binding}}
  ],
);
