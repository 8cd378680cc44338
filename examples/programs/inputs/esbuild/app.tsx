import { sum, type Vec, unused } from "./lib";
enum Color { Red = 1, Green, Blue = Red << 4 }
interface Props<T> { items: T[]; render?: (t: T) => string }
abstract class Base<T> { constructor(protected readonly xs: T[]) {} abstract show(): string; static make = () => new Child([1, 2, 3]); }
class Child extends Base<number> { #n = 0; show() { return `${this.xs.map((x) => x ** 2).join(", ")} ${this.#n++}`; } }
function List<T>({ items, render = String }: Props<T>) { return <ul className="list">{items.map((i) => <li key={render(i)}>{render(i)}</li>)}<>{Color.Blue}</></ul>; }
export const v: Vec = { x: sum(1, 2) ?? 0, y: Color.Green };
const dead = () => { if (false) { console.log("never"); } };
export async function* main(opts?: { deep?: { v?: number } }) { for await (const x of [1, 2n]) yield opts?.deep?.v ?? x; label: for (;;) { break label; } }
export default List;
console.log(Base.make().show(), dead, v satisfies Vec);
