// One range of time, or none.

/** What `buffered` returns: one range, or none. */
export class Range implements TimeRanges {
  #start;
  #end;
  constructor(start: number, end: number) {
    this.#start = start;
    this.#end = end;
  }
  get length() {
    return this.#end > this.#start ? 1 : 0;
  }
  #at(index: number, value: number) {
    if (index !== 0 || this.length === 0)
      throw new DOMException(`There is no range ${index}.`, 'IndexSizeError');
    return value;
  }
  start(index: number) {
    return this.#at(index, this.#start);
  }
  end(index: number) {
    return this.#at(index, this.#end);
  }
}
