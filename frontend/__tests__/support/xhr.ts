/** A network for uploads, under the test's hand: what was sent is kept, and the test tells the progress and the end. */
export class FakeUpload extends EventTarget {
  static last: FakeUpload;
  readonly upload = new EventTarget();
  status = 0;
  responseText = "";
  sent: FormData | null = null;
  constructor() {
    super();
    FakeUpload.last = this;
  }
  open(): void {}
  send(form: FormData): void {
    this.sent = form;
  }
  abort(): void {
    this.dispatchEvent(new Event("abort"));
  }
  getResponseHeader(): string {
    return "4e1c9a70-0000";
  }
  progress(loaded: number, total: number): void {
    this.upload.dispatchEvent(Object.assign(new Event("progress"), { loaded, total }));
  }
  answer(status: number, body: unknown): void {
    this.status = status;
    this.responseText = typeof body === "string" ? body : JSON.stringify(body);
    this.dispatchEvent(new Event("load"));
  }
}

export function fakeUploads(): typeof FakeUpload {
  globalThis.XMLHttpRequest = FakeUpload as unknown as typeof XMLHttpRequest;
  return FakeUpload;
}
