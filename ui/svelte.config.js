/** `tree` builds elements one by one: no `innerHTML`, so that Trusted Types can be enforced. */
export default {
  compilerOptions: { runes: true, fragments: 'tree', modernAst: true },
};
