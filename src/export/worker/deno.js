// Runs worker.mjs on Deno, with the store in a folder that nothing else serves.
import worker from "./worker.mjs";

const LISTEN = {{listen}};
/** The output of `tierpress build`: `edge/` and `objects/` in it are read. Null: the store is worker.mjs's origin. */
const STORE = {{store}};

/** Opens the files of the store, from the right byte on where a part is asked for. */
const OBJECTS = {
  async fetch(url, { method, headers }) {
    let file;
    try {
      file = await Deno.open(STORE + new URL(url).pathname);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return new Response(null, { status: 404 });
      throw error;
    }
    const { size } = await file.stat();
    const range = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? "");
    if (range !== null) {
      const [first, last] = [Number(range[1]), Number(range[2])];
      await file.seek(first, Deno.SeekMode.Start);
      const body = file.readable.pipeThrough(atMost(last - first + 1));
      return new Response(body, { status: 206, headers: { "content-range": `bytes ${first}-${last}/${size}` } });
    }
    if (method === "HEAD") file.close();
    const body = method === "HEAD" ? null : file.readable;
    return new Response(body, { headers: { "content-length": String(size) } });
  },
};

function atMost(bytes) {
  let left = bytes;
  return new TransformStream({
    transform(chunk, controller) {
      controller.enqueue(chunk.subarray(0, left));
      left -= chunk.length;
      if (left <= 0) controller.terminate();
    },
  });
}

const env = STORE === null ? {} : { OBJECTS };
Deno.serve(LISTEN, (request) => worker.fetch(request, env));
