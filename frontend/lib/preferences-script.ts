/** Where the choices are kept, and what reads them before React does. No "use client" here: the layout inlines the script. */
export const KEY = "smarttrader.preferences";

/** Runs before the first paint, so that a page never flashes in the other theme. Keep in step with `apply`. */
export const BEFORE_PAINT = `(function(){var d=document.documentElement,p={};try{p=JSON.parse(localStorage.getItem(${JSON.stringify(KEY)}))||{}}catch(e){}
d.dataset.theme=p.theme==="dark"||p.theme==="light"?p.theme:matchMedia("(prefers-color-scheme: light)").matches?"light":"dark";
d.dataset.density=p.density==="comfortable"?"comfortable":"compact";if(p.gainloss==="classic")d.dataset.gainloss="classic"})()`;
