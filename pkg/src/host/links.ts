/**
 * What plays: the worklet's node, or the media element in its place. Messages are those of
 * `worklet/reports.ts`.
 */
export interface OutputLink {
  port: {
    postMessage(message: unknown, transfer?: Transferable[]): void;
    onmessage: ((event: MessageEvent) => void) | null;
    close(): void;
  };
  connect(destination: AudioNode): AudioNode;
  disconnect(): void;
}

/** What takes the commands of the core: the Worker of the media plane, or the media element in its place. */
export interface MediaLink {
  postMessage(message: unknown, transfer?: Transferable[]): void;
  terminate(): void;
}
