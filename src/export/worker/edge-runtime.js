// ---------------------------------------------------------------------------------------------------------------------
// How edge-runtime is entered: it runs a script and not a module, so all of worker.mjs stands above, without `export`.

// This host takes `Content-Encoding` off answers and leaves their bytes: so objects are sent as they are.
const ENV = { ENCODED: false };

addEventListener("fetch", (event) => {
  const { request } = event;
  // This host reads the target `//a/b` as the path `/b` of a host `a`. What was asked cannot be known then; refuse it.
  const isOurs = new URL(request.url).host === new URL(`http://${request.headers.get("host")}`).host;
  event.respondWith(handle(request, ENV, event, isOurs ? targetOf(request.url) : "//"));
});
