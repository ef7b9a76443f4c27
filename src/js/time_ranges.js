// One range of time, or none.

/** What `buffered` returns: one range, or none. @implements {TimeRanges} */
export class Range {
  #start;
  #end;
  /** @param {number} start @param {number} end */
  constructor(start, end) {
    this.#start = start;
    this.#end = end;
  }
  get length() {
    return this.#end > this.#start ? 1 : 0;
  }
  /** @param {number} index @param {number} value */
  #at(index, value) {
    if (index !== 0 || this.length === 0)
      throw new DOMException(`There is no range ${index}.`, 'IndexSizeError');
    return value;
  }
  /** @param {number} index */
  start(index) {
    return this.#at(index, this.#start);
  }
  /** @param {number} index */
  end(index) {
    return this.#at(index, this.#end);
  }
}
