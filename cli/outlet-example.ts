/** A line that reads from an outlet, to be pasted into another terminal. */

import type { OutletView } from "../http/outlet-view.ts";

/** One for each transport and format; whose libraries are not there says so by itself. */
export function outletExample(outlet: OutletView): string {
  const { transport, format, port, path, datasets } = outlet;
  if (transport === "zeromq") {
    const topic = datasets.length === 1 ? datasets[0] : "";
    return python(
      "import zmq",
      "s = zmq.Context().socket(zmq.SUB)",
      `s.connect('tcp://${hostOf(outlet)}:${port}')`,
      `s.subscribe('${topic}')`,
      "[print(*s.recv_multipart()) for _ in iter(int, 1)]",
    );
  }
  // Unpacker asks for more than there is: a file with a buffer would wait for all of it.
  const buffering = format === "msgpack" ? ", buffering=0" : "";
  const file =
    transport === "pipe"
      ? `open('${path}', 'rb'${buffering})`
      : `socket.create_connection(('${hostOf(outlet)}', ${port})).makefile('rb'${buffering})`;
  const socket = transport === "pipe" ? "" : "socket, ";
  switch (format) {
    case "jsonl":
      return transport === "pipe" ? `cat '${path}'` : `nc ${hostOf(outlet)} ${port}`;
    case "msgpack":
      return python(`import ${socket}msgpack`, `[print(r) for r in msgpack.Unpacker(${file})]`);
    case "arrow":
      return python(
        `import ${socket}pyarrow as pa`,
        `[print(b.to_pydict()) for b in pa.ipc.open_stream(${file})]`,
      );
    case "protobuf":
      return transport === "pipe" ? `cat '${path}' | xxd` : `nc ${hostOf(outlet)} ${port} | xxd`;
  }
}

function python(...statements: readonly string[]): string {
  return `python3 -c "${statements.join("; ")}"`;
}

function hostOf({ host }: OutletView): string {
  return host ?? "127.0.0.1";
}
