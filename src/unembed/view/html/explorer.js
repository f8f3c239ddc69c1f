// node_modules/preact/dist/preact.mjs
var e, t, n, r, i, a, o, s, c, l, u, d, f = Symbol.for("pv"), p = {}, m = [], h = /^m(i|n|o|s|text|space)$/, ee = Array.isArray, g = m.slice, _ = Object.assign;
function v(e) {
	e && e.parentNode && e.remove();
}
function y(e, t, n) {
	var r, i, a, o = {}, s = arguments.length;
	for (a in t) a == "key" ? r = t[a] : a == "ref" && typeof e != "function" ? i = t[a] : o[a] = t[a];
	return s > 2 && (o.children = s > 3 ? g.call(arguments, 2) : n), b(e, o, r, i, null);
}
function b(n, r, i, a, o) {
	var s = {
		type: n,
		props: r,
		key: i,
		ref: a,
		__k: null,
		__: null,
		__b: 0,
		__e: null,
		__c: null,
		constructor: f,
		__v: o || ++t,
		__i: -1,
		__u: 0
	};
	return !o && e.vnode && e.vnode(s), s;
}
function x(e) {
	return e.children;
}
function te(e, t) {
	this.props = e, this.context = t, this.__g = 0;
}
function ne(e, t) {
	if (t == null) return e.__ && ne(e.__, e.__i + 1);
	for (var n; t < e.__k.length; t++) if ((n = e.__k[t]) && n.__e) return n.__e;
	return typeof e.type != "function" || e.props.__P ? null : ne(e);
}
function S(t) {
	var n, r = t.__v, i = r.__e, a = [], o = [], s = t.__P;
	s && ((n = _({ constructor: f }, r)).__v = r.__v + 1, e.vnode && e.vnode(n), E(s, n, r, t.__n, s.namespaceURI, 32 & r.__u ? [i] : null, a, i || ne(r), 32 & r.__u, o), n.__v = r.__v, n.__.__k[n.__i] = n, fe(a, n, o), r.__ = r.__e = null, n.__e != i && C(n));
}
function C(e) {
	if ((e = e.__) && e.__c && !e.props.__P) return e.__e = null, e.__k.some(function(t) {
		return t && (e.__e = t.__e);
	}), C(e);
}
function w(t) {
	(8 & t.__g || (t.__g |= 8, r.push(t), a++)) && i == e.debounceRendering || ((i = e.debounceRendering) || queueMicrotask)(re);
}
function re() {
	try {
		for (var e, t = 1; r.length;) r.length > t && r.sort(o), e = r.shift(), t = r.length, 8 & e.__g && S(e);
	} finally {
		(a = r.length) && (i || queueMicrotask)(re);
	}
}
function ie(e, t, n, r, i, a, o, s, c, l, u) {
	var d, f, h, ee, g, _, v = r.__k || m, y = t.length;
	for (c = ae(n, t, v, c, y), d = 0; d < y; d++) (h = n.__k[d]) != null && (f = ~h.__i && v[h.__i] || p, h.__i = d, _ = E(e, h, f, i, a, o, s, c, l, u), ee = h.__e, (f.ref != h.ref || 8 & f.__u) && (f.ref && D(f.ref, null, h, f), h.ref && u.push(h.ref, h.__c || ee, h)), g ||= ee, 4 & h.__u ? (c = oe(h, c, e, !f.__v), f.__e && (f.__e = null)) : typeof h.type == "function" && _ !== void 0 ? c = _ : ee && (c = ee.nextSibling), h.__u &= -21);
	return n.__e = g, c;
}
function ae(e, t, n, r, i) {
	var a, o, s, c, l, u, d, p, m, h = n.length, g = h, _ = 0, v = 0, y = e.__k = Array(i);
	for (a = 0; a < i; a++) (o = t[a]) != null && typeof o != "boolean" && typeof o != "function" ? (typeof o != "object" || o.constructor === String ? o = y[a] = b(null, o) : ee(o) ? o = y[a] = b(x, { children: o }) : o.constructor === f && o.__b ? o = y[a] = b(o.type, o.props, o.key, o.ref, o.__v) : y[a] = o, c = a + _, o.__ = e, o.__b = e.__b + 1, s = null, ~(l = o.__i = se(o, n, c, g)) && (g--, (s = n[l]) && (s.__u |= 2)), s && s.__v ? (o.__u |= 16, l == c - 1 ? _-- : l == c + 1 ? _++ : l != c && (l > c ? _-- : _++, v = 1)) : (~l || (i > h ? _-- : i < h && _++), typeof o.type != "function" && (o.__u |= 4))) : y[a] = null;
	if (v) {
		for (u = [], d = [], a = 0; a < i; a++) if ((o = y[a]) && 16 & o.__u) {
			for (_ = 0, p = u.length; _ < p;) u[m = _ + p >> 1] < o.__i ? _ = m + 1 : p = m;
			u[_] = o.__i, d[a] = _ + 1;
		}
		for (_ = u.length; a--;) d[a] && (d[a] == _ ? _-- : y[a].__u |= 4);
	}
	if (g) for (a = 0; a < h; a++) !(s = n[a]) || 2 & s.__u || (s.__e == r && (r = ne(s)), me(s, s));
	return r;
}
function oe(e, t, n, r) {
	var i, a, o, s;
	if (typeof e.type == "function") {
		if (e.props.__P) return t;
		if (i = e.__k) for (a = 0; a < i.length; a++) i[a] && (i[a].__ = e, t = oe(i[a], t, n, !1));
		return t;
	}
	for (t && !t.parentNode && (t = ne(e)) && !t.parentNode && (t = null), o = e.__e, s = t; s && s.nodeType == 8;) s = s.nextSibling;
	for (o != s && (!r && n.moveBefore && o.parentNode ? n.moveBefore(o, t) : n.insertBefore(o, t || null)), t = o; (t &&= t.nextSibling) && t.nodeType == 8 && !t.data.startsWith("$s"););
	return t;
}
function se(e, t, n, r) {
	var i, a = e.key, o = e.type, s = t[n], c = s && !(2 & s.__u);
	if (s === null && a == null || c && a == s.key && o == s.type) return n;
	if (r > +!!c) {
		for (i = n - 1; i >= 0; i--) if ((s = t[i]) && !(2 & s.__u) && a == s.key && o == s.type) return i;
		for (i = n + 1; i < t.length; i++) if ((s = t[i]) && !(2 & s.__u) && a == s.key && o == s.type) return i;
	}
	return -1;
}
function ce(e, t, n) {
	n ??= "", t[0] == "-" ? e.setProperty(t, n) : e[t] = n;
}
function T(e, t, n, r, i) {
	var a, o;
	if (t == "style") {
		if (typeof n == "string") e.style.cssText = n;
		else {
			if (typeof r == "string" && (e.style.cssText = r = ""), r) for (t in r) n && t in n || ce(e.style, t);
			if (n) for (t in n) r && n[t] == r[t] || ce(e.style, t, n[t]);
		}
	} else if (t[0] == "o" && t[1] == "n") typeof n != "function" && (n = null), typeof r != "function" && (r = null), (e.__e ||= {})[t] = n, n && r || (o = u[t] || (u[t] = le(t)), (e.__a ||= {})[t] = l, a = t != (t = t.replace(c, "$1")), (t = t.slice(2))[0] < "a" && (t = t.toLowerCase()), n ? e.addEventListener(t, o, a) : e.removeEventListener(t, o, a));
	else {
		if (i == "http://www.w3.org/2000/svg") t = t.replace(/xlink(H|:h)/, "h").replace(/sName$/, "s");
		else if (t != "width" && t != "height" && t != "href" && t != "list" && t != "form" && t != "tabIndex" && t != "download" && t != "rowSpan" && t != "colSpan" && t != "role" && t != "popover" && t in e) try {
			e[t] = n ?? "";
			return;
		} catch {}
		if (typeof n == "function") return;
		n == null || !1 === n && t[4] != "-" ? e.removeAttribute(t) : e.setAttribute(t, t == "popover" && n == 1 ? "" : n);
	}
}
function le(t) {
	return function(n) {
		var r = this.__e;
		if (r) {
			if (r = r[t], n[s] == null) n[s] = l++;
			else if (n[s] < this.__a[t]) return;
			return r(e.event ? e.event(n) : n);
		}
	};
}
function E(t, n, r, i, a, o, s, c, l, u) {
	var d, p, h, g, y, b, S, C, w, re, ae, oe, se, ce, T, le, E, fe, D = n.type;
	if (n.constructor !== f) return null;
	128 & r.__u && (l = 32 & r.__u, d = r.__c.__z) && (n.__u |= l, p = o = [], d.nodeType == 8 ? c = ue(d, o) : o.push(d), c = o[0] || c), (d = e.__b) && d(n);
	n: if (typeof D == "function") {
		h = s.length;
		try {
			if (C = n.props, w = (d = D.prototype) && d.render, re = (d = D.contextType) && i[d.__c], ae = d ? re ? re.props.value : d.__ : i, (g = r.__c) ? (n.__c = g, 2 & g.__g && (g.__g |= 1)) : (w ? n.__c = g = new D(C, ae) : (n.__c = g = new te(C, ae), g.constructor = D, g.render = he), re && re.sub(g), g.state || (g.state = {}), g.__n = i, g.__g |= 8, g.__h = [], g.__k = []), w && (g.__s || (g.__s = g.state), D.getDerivedStateFromProps && (g.__s == g.state && (g.__s = _({}, g.__s)), _(g.__s, D.getDerivedStateFromProps(C, g.__s)))), y = g.props, b = g.state, g.__v = n, r.__c) {
				if (C !== y && w && !D.getDerivedStateFromProps && g.componentWillReceiveProps && g.componentWillReceiveProps(C, ae), n.__v == r.__v && !(8 & g.__g) || !(4 & g.__g) && g.shouldComponentUpdate && !1 === g.shouldComponentUpdate(C, g.__s, ae)) {
					n.__v != r.__v && (g.props = C, g.state = g.__s, g.__g &= -9), n.__e = r.__e, n.__k = r.__k, n.__k.some(function(e) {
						e && (e.__ = n);
					}), m.push.apply(g.__h, g.__k), g.__k = [], g.__h.length && s.push(g), c = ne(r);
					break n;
				}
				g.componentWillUpdate && g.componentWillUpdate(C, g.__s, ae), w && g.componentDidUpdate && g.__h.push(function() {
					g.componentDidUpdate(y, b, S);
				});
			} else w && !D.getDerivedStateFromProps && g.componentWillMount && g.componentWillMount(), w && g.componentDidMount && g.__h.push(g.componentDidMount);
			g.context = ae, g.props = C, g.__P = t, g.__g &= -5, oe = e.__r, se = w ? 25 : 0;
			do
				g.__g &= -9, oe && oe(n), d = g.render(g.props, g.state = g.__s, g.context);
			while (8 & g.__g && ++se < 25);
			w && (m.push.apply(g.__h, g.__k), g.__k = []), g.state = g.__s, g.getChildContext && (i = _({}, i, g.getChildContext())), w && r.__c && g.getSnapshotBeforeUpdate && (S = g.getSnapshotBeforeUpdate(y, b)), ce = d && d.type === x && d.key == null ? d.props.children : d, C.__P && (d = c, a = (t = C.__P).namespaceURI, l = o = null, r.props && r.props.__P != t && (r.__k.some(function(e) {
				e && me(e, e);
			}), r.__k = null), c = r.__k ? ne(r, 0) : null), c = ie(t, ee(ce) ? ce : [ce], n, r, i, a, o, s, c, l, u), C.__P && (n.__e = null, c = d), n.__u &= -161, p && p.some(v), g.__h.length && s.push(g), 1 & g.__g && (g.__g &= -4);
		} catch (t) {
			if (s.length = h, n.__v = null, l || o) {
				if (t && t.then) {
					if (n.__u |= 128 | l, o) {
						for (~(E = o.indexOf(c || void 0)) || (E = o.length); (fe = o[E - 1]) && fe.nodeType == 8;) E--;
						for (; E < o.length; E++) if (fe = o[E]) {
							if (o[E] = null, T) {
								if (fe == le) break;
							} else {
								if (fe.nodeType != 8) break;
								fe.data.startsWith("$s") && (le = ue(T = fe));
							}
						}
					}
					if (!T) {
						for (; c && c.nodeType == 8 && c.nextSibling;) c = c.nextSibling;
						T = c;
					}
					(d = ue(T = n.__c.__z || (n.__c.__z = T))) ? (n.__e = T, c = d) : n.__e = c, c &&= c.nextSibling;
				} else o && o.some(v);
			} else n.__e = r.__e;
			n.__k ||= r.__k || [], t && t.then || de(n), e.__e(t, n, r);
		}
	} else c = n.__e = pe(r.__e, n, r, i, a, o, s, l, u, t);
	return (d = e.diffed) && d(n), c;
}
function ue(e, t) {
	if (e && e.nodeType == 8 && e.data.startsWith("$s")) for (var n = 1; e = e.nextSibling;) {
		if (e.nodeType == 8) {
			if (e.data.startsWith("$s")) n++;
			else if (e.data.startsWith("/$s") && !--n) return e;
		}
		t && t.push(e);
	}
}
function de(e) {
	e && (e.__c && (e.__c.__g |= 4), e.__k && e.__k.some(de));
}
function fe(t, n, r) {
	for (var i = 0; i < r.length;) D(r[i++], r[i++], r[i++]);
	e.__c && e.__c(n, t), t.some(function(n) {
		try {
			t = n.__h, n.__h = [], t.some(function(e) {
				e.call(n);
			});
		} catch (t) {
			e.__e(t, n.__v);
		}
	});
}
function pe(t, n, r, i, a, o, s, c, l, u) {
	var d, f, m, _, y, b, x, te, S = r.props || p, C = n.props, w = n.type;
	if (w == "svg" ? a = "http://www.w3.org/2000/svg" : w == "math" ? a = "http://www.w3.org/1998/Math/MathML" : a ||= "http://www.w3.org/1999/xhtml", o) {
		for (d = 0; d < o.length; d++) if ((y = o[d]) && (w ? y.localName == w : y.nodeType == 3)) {
			t = y, o[d] = null;
			break;
		}
	}
	if (!t) {
		if (te = u.ownerDocument || document, !w) return te.createTextNode(C);
		t = te.createElementNS(a, w, C.is ? C : u), c &&= (e.__m && e.__m(n, o), !1), o = null;
	}
	if (w) {
		if (u = w == "template" && t.content || t, o = w == "textarea" && C.defaultValue != null ? null : o && g.call(u.childNodes), !c && o) for (S = {}, d = 0; d < t.attributes.length; d++) S[(y = t.attributes[d]).name] = y.value;
		for (d in S) y = S[d], d == "dangerouslySetInnerHTML" ? m = y : d == "children" || d in C || d == "value" && "defaultValue" in C || d == "checked" && "defaultChecked" in C || T(t, d, null, y, a);
		for (d in C) y = C[d], d == "children" ? _ = y : d == "dangerouslySetInnerHTML" ? f = y : d == "value" ? b = y : d == "checked" ? x = y : c && typeof y != "function" || S[d] === y || T(t, d, y, S[d], a);
		f ? (c || m && (f.__html == m.__html || f.__html == t.innerHTML) || (t.innerHTML = f.__html), n.__k = []) : (m && (t.textContent = ""), (w == "foreignObject" || a == "http://www.w3.org/1998/Math/MathML" && h.test(w)) && (a = "http://www.w3.org/1999/xhtml"), ie(u, ee(_) ? _ : [_], n, r, i, a, o, s, o ? o[0] : r.__k && ne(r, 0), c, l), o && o.some(v)), c && w != "textarea" || (d = "value", w == "progress" && b == null ? t.removeAttribute(d) : b == null || b === t[d] && (w != "progress" || b) || T(t, d, b, S[d], a), d = "checked", x != null && x != t[d] && T(t, d, x, S[d], a));
	} else S === C || c && t.data == C || (t.data = C);
	return t;
}
function D(t, n, r, i) {
	try {
		typeof t == "function" ? n ? n.__x = t(n) || 1 : (i &&= i.__c || i.__e) && (n = i.__x) && (i.__x = null, typeof n == "function" ? n() : t(null)) : t.current = n;
	} catch (t) {
		e.__e(t, r);
	}
}
function me(t, n, r) {
	var i, a, o, s;
	if (e.unmount && e.unmount(t), !(i = t.ref) || i.current && i.current != t.__e || D(i, null, n, t), i = t.__c) {
		if (i.componentWillUnmount) try {
			i.componentWillUnmount();
		} catch (t) {
			e.__e(t, n);
		}
		i.__P = i.__n = null;
	}
	if (i = t.__k) for (s = 0; s < i.length; s++) i[s] && me(i[s], n, typeof t.type != "function" || r && !t.props.__P);
	!r && (i = t.__c) && (i = i.__z) && (a = ue(i, o = [])) && (i == t.__e && o.some(v), v(a), v(i)), r || v(t.__e), t.__e = t.__c = t.__ = null;
}
function he(e, t, n) {
	return this.constructor(e, n);
}
function ge(t, n) {
	var r, i, a, o;
	e.__ && e.__(t, n), n.nodeType == 9 && (n = n.documentElement), i = (r = t && 32 & t.__u) ? null : n.__k, n.__k = b(x, { children: [t] }), a = [], o = [], E(n, n.__k, i || p, p, n.namespaceURI, i ? null : n.firstChild ? g.call(n.childNodes) : null, a, i ? i.__e : n.firstChild, r, o), fe(a, n.__k, o), n.__k.props.children = null;
}
function _e(e) {
	function t(e) {
		var n, r;
		return this.getChildContext || (n = /* @__PURE__ */ new Set(), (r = {})[t.__c] = this, this.getChildContext = function() {
			return r;
		}, this.shouldComponentUpdate = function(e) {
			this.props.value != e.value && n.forEach(function(e) {
				e.__g |= 4, w(e);
			});
		}, this.sub = function(e) {
			n.add(e);
			var t = e.componentWillUnmount;
			e.componentWillUnmount = function() {
				n.delete(e), t && t.call(e);
			};
		}), e.children;
	}
	return t.__c = "__cC" + d++, t.__ = e, t.Provider = (t.Consumer = function(e, t) {
		return e.children(t);
	}).contextType = t, t;
}
e = { __e: function(e, t, n, r) {
	for (var i, o, s; t = t.__;) if ((i = t.__c) && !(1 & i.__g)) {
		i.__g |= 4;
		try {
			if ((s = (o = i.constructor) && o.getDerivedStateFromError) && i.setState(o.getDerivedStateFromError(e)), i.componentDidCatch && (i.componentDidCatch(e, r || {}), s = 1), s && 8 & i.__g) return void (i.__g |= 2);
		} catch (t) {
			e = t;
		}
	}
	throw a = 0, e;
} }, t = 0, n = function(e) {
	return e != null && e.constructor === f;
}, te.prototype.setState = function(e, t) {
	var n = this.__s;
	n && n != this.state || (n = this.__s = _({}, this.state)), typeof e == "function" && (e = e(_({}, n), this.props)), e && (_(n, e), this.__v && (t && this.__k.push(t), w(this)));
}, te.prototype.forceUpdate = function(e) {
	this.__v && (this.__g |= 4, e && this.__h.push(e), w(this));
}, te.prototype.render = x, r = [], a = 0, o = function(e, t) {
	return e.__v.__b - t.__v.__b;
}, s = Symbol(), c = /(PointerCapture)$|Capture$/i, l = 0, u = {}, d = 0;
// node_modules/preact/hooks/dist/hooks.mjs
var ve, O, ye, be, xe = Object.is, Se = 0, Ce = [], we = [], k = e, Te = k.__b, Ee = k.__r, De = k.diffed, Oe = k.__c, ke = k.unmount, Ae = k.__;
function je(e, t) {
	k.__h && k.__h(O, e, Se || t), Se = 0;
	var n = O.__H || (O.__H = {
		__: [],
		__h: []
	});
	return e >= n.__.length && n.__.push({}), n.__[e];
}
function Me(e, t) {
	var n = je(ve++, 3);
	!k.__s && Ue(n.__H, t) && (n.__P = !0, n.__ = e, n.u = t, O.__H.__h.push(n));
}
function Ne(e, t) {
	var n = je(ve++, 4);
	!k.__s && Ue(n.__H, t) && (n.__P = !1, n.__ = e, n.u = t, O.__h.push(n));
}
function A(e) {
	return Se = 5, Pe(function() {
		return { current: e };
	}, []);
}
function Pe(e, t) {
	var n = je(ve++, 7);
	return Ue(n.__H, t) && (n.__ = e(), n.__H = t), n.__;
}
function Fe(e) {
	var t = O.context[e.__c], n = je(ve++, 9);
	return n.c = e, t ? (n.__ ?? (n.__ = !0, t.sub(O)), t.props.value) : e.__;
}
function Ie() {
	var e = je(ve++, 11);
	if (!e.__) {
		for (var t = O.__v; !t.__m && t.__;) t = t.__;
		var n = t.__m || (t.__m = [0, 0]);
		e.__ = "P" + n[0] + "-" + n[1]++;
	}
	return e.__;
}
function Le() {
	var e;
	do {
		for (; e = we.shift();) try {
			Ve(e);
		} catch (t) {
			k.__e(t, { __: (e = e.__P) && e.__v });
		}
		for (; e = Ce.shift();) {
			var t = e.__H;
			if (e.__P && t) try {
				t.__h.some(Ve), t.__h.some(He), t.__h = [];
			} catch (n) {
				t.__h = [], k.__e(n, e.__v);
			}
		}
	} while (we.length);
}
k.__b = function(e) {
	O = null, Te && Te(e);
}, k.__ = function(e, t) {
	e && t.__k && t.__k.__m && (e.__m = t.__k.__m), Ae && Ae(e, t);
}, k.__r = function(e) {
	Ee && Ee(e), ve = 0;
	var t = (O = e.__c).__H;
	t && (ye == O ? O.__h = [] : (t.__h.some(Ve), t.__h.some(He), ve = 0), t.__h = [], t.__.some(function(e) {
		e.__N && (e.__ = e.__N), e.u = e.__N = void 0;
	})), ye = O;
}, k.diffed = function(e) {
	De && De(e);
	var t = e.__c;
	t && t.__H && (t.__H.__h.length && Be(Ce.push(t)), t.__H.__.some(function(e) {
		e.u && (e.__H = e.u);
	})), ye = O = null;
}, k.__c = function(e, t) {
	t.some(function(e) {
		try {
			e.__h.some(Ve), e.__h = e.__h.filter(function(e) {
				return !e.__ || He(e);
			});
		} catch (t) {
			e.__h = [function() {
				throw t;
			}];
		}
	}), Oe && Oe(e, t);
}, k.unmount = function(e) {
	ke && ke(e);
	var t, n, r = e.__c;
	r && r.__H && (r.__H.__.some(function(r) {
		try {
			if (r.__P && r.__c) {
				if (n === void 0) {
					for (n = e.__; n && (!n.__c || !n.__c.__P);) n = n.__;
					n &&= n.__c;
				}
				r.__P = n, Be(we.push(r));
			} else Ve(r);
		} catch (e) {
			t = e;
		}
	}), r.__H = void 0, t && k.__e(t, r.__v));
};
var Re = typeof requestAnimationFrame == "function";
function ze(e) {
	var t, n = function() {
		clearTimeout(r), Re && cancelAnimationFrame(t), setTimeout(e);
	}, r = setTimeout(n, 35);
	Re && (t = requestAnimationFrame(n));
}
function Be(e) {
	e != 1 && be == k.requestAnimationFrame || ((be = k.requestAnimationFrame) || ze)(Le);
}
function Ve(e) {
	var t = O, n = e.__c;
	typeof n == "function" && (e.__c = void 0, n()), O = t;
}
function He(e) {
	var t = O;
	e.__c = e.__(), O = t;
}
function Ue(e, t) {
	return !e || e.length != t.length || t.some(function(t, n) {
		return !xe(t, e[n]);
	});
}
// node_modules/@preact/signals-core/dist/signals-core.module.js
var We = Symbol.for("preact-signals");
function Ge() {
	if (M > 1) M--;
	else {
		var e, t = !1;
		for ((function() {
			var e = $e;
			for ($e = void 0; e !== void 0;) {
				var t = e.S;
				if (t.v === e.v) for (var n = t.t; n !== void 0; n = n.x) n.i === e.i && (n.i = t.i);
				e = e.o;
			}
		})(); Ye !== void 0;) {
			var n = Ye;
			for (Ye = void 0, Xe++; n !== void 0;) {
				var r = n.u;
				if (n.u = void 0, n.f &= -3, !(8 & n.f) && nt(n)) try {
					n.c();
				} catch (n) {
					t ||= (e = n, !0);
				}
				n = r;
			}
		}
		if (Xe = 0, M--, t) throw e;
	}
}
function Ke(e) {
	if (M > 0) return e();
	Qe = ++Ze, M++;
	try {
		return e();
	} finally {
		Ge();
	}
}
var qe, j = void 0;
function Je(e) {
	var t = j, n = qe;
	j = void 0, qe = void 0;
	try {
		return e();
	} finally {
		j = t, qe = n;
	}
}
var Ye = void 0, M = 0, Xe = 0, Ze = 0, Qe = 0, $e = void 0, et = 0;
function tt(e) {
	if (j !== void 0) {
		var t = e.n;
		if (t === void 0 || t.t !== j) return t = {
			i: 0,
			S: e,
			p: j.s,
			n: void 0,
			t: j,
			e: void 0,
			x: void 0,
			r: t
		}, j.s !== void 0 && (j.s.n = t), j.s = t, e.n = t, 32 & j.f && e.S(t), t;
		if (t.i === -1) return t.i = 0, t.n !== void 0 && (t.n.p = t.p, t.p !== void 0 && (t.p.n = t.n), t.p = j.s, t.n = void 0, j.s.n = t, j.s = t), t;
	}
}
function N(e, t) {
	this.v = e, this.i = 0, this.n = void 0, this.t = void 0, this.l = 0, this.W = t?.watched, this.Z = t?.unwatched, this.name = t?.name;
}
N.prototype.brand = We, N.prototype.h = function() {
	return !0;
}, N.prototype.S = function(e) {
	var t = this, n = this.t;
	n !== e && e.e === void 0 && (e.x = n, this.t = e, n === void 0 ? Je(function() {
		var e;
		(e = t.W) == null || e.call(t);
	}) : n.e = e);
}, N.prototype.U = function(e) {
	var t = this;
	if (this.t !== void 0) {
		var n = e.e, r = e.x;
		n !== void 0 && (n.x = r, e.e = void 0), r !== void 0 && (r.e = n, e.x = void 0), e === this.t && (this.t = r, r === void 0 && Je(function() {
			var e;
			(e = t.Z) == null || e.call(t);
		}));
	}
}, N.prototype.subscribe = function(e) {
	var t = this;
	return dt(function() {
		var n = t.value;
		Je(function() {
			return e(n);
		});
	}, { name: "sub" });
}, N.prototype.valueOf = function() {
	return this.value;
}, N.prototype.toString = function() {
	return this.value + "";
}, N.prototype.toJSON = function() {
	return this.value;
}, N.prototype.peek = function() {
	var e = this;
	return Je(function() {
		return e.value;
	});
}, Object.defineProperty(N.prototype, "value", {
	get: function() {
		var e = tt(this);
		return e !== void 0 && (e.i = this.i), this.v;
	},
	set: function(e) {
		if (e !== this.v) {
			if (Xe > 100) throw Error("Cycle detected");
			(function(e) {
				M !== 0 && Xe === 0 && e.l !== Qe && (e.l = Qe, $e = {
					S: e,
					v: e.v,
					i: e.i,
					o: $e
				});
			})(this), this.v = e, this.i++, et++, M++;
			try {
				for (var t = this.t; t !== void 0; t = t.x) t.t.N();
			} finally {
				Ge();
			}
		}
	}
});
function P(e, t) {
	return new N(e, t);
}
function nt(e) {
	for (var t = e.s; t !== void 0; t = t.n) if (t.S.i !== t.i || !t.S.h() || t.S.i !== t.i) return !0;
	return !1;
}
function rt(e) {
	for (var t = e.s; t !== void 0; t = t.n) {
		var n = t.S.n;
		if (n !== void 0 && (t.r = n), t.S.n = t, t.i = -1, t.n === void 0) {
			e.s = t;
			break;
		}
	}
}
function it(e) {
	for (var t = e.s, n = void 0; t !== void 0;) {
		var r = t.p;
		t.i === -1 ? (t.S.U(t), r !== void 0 && (r.n = t.n), t.n !== void 0 && (t.n.p = r)) : n = t, t.S.n = t.r, t.r !== void 0 && (t.r = void 0), t = r;
	}
	e.s = n;
}
function at(e, t) {
	N.call(this, void 0, t), this.x = e, this.s = void 0, this.g = et - 1, this.f = 4;
}
at.prototype = new N(), at.prototype.h = function() {
	if (this.f &= -3, 1 & this.f) return !1;
	if ((36 & this.f) == 32 || (this.f &= -5, this.g === et)) return !0;
	if (this.g = et, this.f |= 1, this.i > 0 && !nt(this)) return this.f &= -2, !0;
	var e = j;
	try {
		rt(this), j = this;
		var t = this.x();
		(16 & this.f || this.v !== t || this.i === 0) && (this.v = t, this.f &= -17, this.i++);
	} catch (e) {
		this.v = e, this.f |= 16, this.i++;
	}
	return j = e, it(this), this.f &= -2, !0;
}, at.prototype.S = function(e) {
	if (this.t === void 0) {
		this.f |= 36;
		for (var t = this.s; t !== void 0; t = t.n) t.S.S(t);
	}
	N.prototype.S.call(this, e);
}, at.prototype.U = function(e) {
	if (this.t !== void 0 && (N.prototype.U.call(this, e), this.t === void 0)) {
		this.f &= -33;
		for (var t = this.s; t !== void 0; t = t.n) t.S.U(t);
	}
}, at.prototype.N = function() {
	if (!(2 & this.f)) {
		this.f |= 6;
		for (var e = this.t; e !== void 0; e = e.x) e.t.N();
	}
}, Object.defineProperty(at.prototype, "value", { get: function() {
	if (1 & this.f) throw Error("Cycle detected");
	var e = tt(this);
	if (this.h(), e !== void 0 && (e.i = this.i), 16 & this.f) throw this.v;
	return this.v;
} });
function ot(e, t) {
	return new at(e, t);
}
function st(e) {
	var t = e.j;
	if (e.j = void 0, typeof t == "function") {
		M++;
		var n = j;
		j = void 0;
		try {
			t();
		} catch (t) {
			throw e.f &= -2, e.f |= 8, ct(e), t;
		} finally {
			j = n, Ge();
		}
	}
}
function ct(e) {
	for (var t = e.s; t !== void 0; t = t.n) t.S.U(t);
	e.x = void 0, e.s = void 0, st(e);
}
function lt(e) {
	if (j !== this) throw Error("Out-of-order effect");
	it(this), j = e, this.f &= -2;
	try {
		8 & this.f && ct(this);
	} finally {
		Ge();
	}
}
function ut(e, t) {
	this.x = e, this.j = void 0, this.s = void 0, this.u = void 0, this.f = 32, this.name = t?.name, qe && qe.push(this);
}
ut.prototype.c = function() {
	var e = this.S();
	try {
		if (8 & this.f || this.x === void 0) return;
		var t = this.x();
		typeof t == "function" && (this.j = t);
	} finally {
		e();
	}
}, ut.prototype.S = function() {
	if (1 & this.f) throw Error("Cycle detected");
	this.f |= 1, this.f &= -9, st(this), rt(this), M++;
	var e = j;
	return j = this, lt.bind(this, e);
}, ut.prototype.N = function() {
	2 & this.f || (this.f |= 2, this.u = Ye, Ye = this);
}, ut.prototype.d = function() {
	this.f |= 8, 1 & this.f || ct(this);
}, ut.prototype.dispose = function() {
	this.d();
};
function dt(e, t) {
	var n = new ut(e, t);
	try {
		n.c();
	} catch (e) {
		throw n.d(), e;
	}
	var r = n.d.bind(n);
	return r[Symbol.dispose] = r, r;
}
// node_modules/@preact/signals/dist/signals.module.js
var ft, pt, mt = typeof window < "u" && !!window.__PREACT_SIGNALS_DEVTOOLS__, ht = [];
dt(function() {
	ft = this.N;
})();
function gt(t, n) {
	e[t] = n.bind(null, e[t] || function() {});
}
function _t(e) {
	if (pt) {
		var t = pt;
		pt = void 0, t();
	}
	pt = e && e.S();
}
function vt(e) {
	var t = this, r = e.data, i = F(r);
	i.name = "ReactiveDom", i.value = r;
	var a = Pe(function() {
		for (var e = t, r = t.__v; r = r.__;) if (r.__c) {
			r.__c.__$f |= 4;
			break;
		}
		var a = ot(function() {
			var e = i.value.value;
			return e === 0 ? 0 : !0 === e ? "" : e || "";
		}), o = ot(function() {
			return !Array.isArray(a.value) && !n(a.value);
		}), s = dt(function() {
			if (this.N = St, o.value) {
				var t = a.value;
				e.__v && e.__v.__e && e.__v.__e.nodeType === 3 && (e.__v.__e.data = t);
			}
		}), c = t.__$u.d;
		return t.__$u.d = function() {
			s(), c.call(this);
		}, [o, a];
	}, []), o = a[0], s = a[1];
	return o.value ? s.peek() : s.value;
}
vt.displayName = "ReactiveTextNode", Object.defineProperties(N.prototype, {
	constructor: {
		configurable: !0,
		value: y(x, null).constructor
	},
	type: {
		configurable: !0,
		value: vt
	},
	props: {
		configurable: !0,
		get: function() {
			var e = this;
			return { data: { get value() {
				return e.value;
			} } };
		}
	},
	__b: {
		configurable: !0,
		value: 1
	}
}), gt("__b", function(e, t) {
	if (_t(), typeof t.type == "string") {
		var n, r = t.props;
		for (var i in r) if (i !== "children") {
			var a = r[i];
			a instanceof N && (n || (t.__np = n = {}), n[i] = a, r[i] = a.peek());
		}
	}
	e(t);
}), gt("__r", function(e, t) {
	if (e(t), t.type !== x) {
		_t();
		var n, r = t.__c;
		r && (r.__$f &= -2, (n = r.__$u) === void 0 && (r.__$u = n = function(e, t) {
			var n;
			return dt(function() {
				n = this;
			}, { name: t }), n.c = e, n;
		}(function(e) {
			return function() {
				var t;
				mt && ((t = this.y) == null || t.call(this)), e.__$f |= 1, e.setState({});
			};
		}(r), typeof t.type == "function" ? t.type.displayName || t.type.name : ""))), _t(n);
	}
}), gt("__e", function(e, t, n, r) {
	_t(), e(t, n, r);
}), gt("diffed", function(e, t) {
	_t();
	var n;
	if (typeof t.type == "string" && (n = t.__e)) {
		var r = t.__np, i = t.props, a = n.U;
		if (a) for (var o in a) {
			var s = a[o];
			s === void 0 || r && o in r || (s.d(), a[o] = void 0);
		}
		if (r) for (var c in a || (a = {}, n.U = a), r) {
			var l = a[c], u = r[c];
			l === void 0 ? (l = yt(n, c, u, i), a[c] = l) : l.o(u, i);
		}
	}
	e(t);
});
function yt(e, t, n, r) {
	var i = t in e && e.ownerSVGElement === void 0, a = P(n);
	return {
		o: function(e, t) {
			a.value = e, r = t;
		},
		d: dt(function() {
			this.N = St;
			var n = a.value.value;
			r[t] !== n && (r[t] = n, i ? e[t] = n : n != null && (!1 !== n || t[4] === "-") ? e.setAttribute(t, n) : e.removeAttribute(t));
		})
	};
}
gt("unmount", function(e, t) {
	if (typeof t.type == "string") {
		var n = t.__e;
		if (n) {
			var r = n.U;
			if (r) for (var i in n.U = void 0, r) {
				var a = r[i];
				a && a.d();
			}
		}
		var o = t.__np;
		if (o) {
			var s = t.props;
			for (var c in o) s[c] = o[c];
		}
		t.__np = void 0;
	} else {
		var l = t.__c;
		if (l) {
			l.__$f |= 8;
			var u = l.__$u;
			u && (l.__$u = void 0, u.d());
		}
	}
	e(t);
}), gt("__h", function(e, t, n, r) {
	r < 3 && (t.__$f |= 2), e(t, n, r);
}), te.prototype.shouldComponentUpdate = function(e, t) {
	if (this.__R) return !0;
	var n = this.__$u, r = n && n.s !== void 0;
	for (var i in t) return !0;
	if (this.__f || typeof this.u == "boolean" && !0 === this.u) {
		var a = 2 & this.__$f;
		if (!(r || a || 4 & this.__$f) || 1 & this.__$f) return !0;
	} else if (!(r || 4 & this.__$f) || 3 & this.__$f) return !0;
	for (var o in e) if (o !== "__source" && e[o] !== this.props[o]) return !0;
	for (var s in this.props) if (!(s in e)) return !0;
	return !1;
};
function F(e, t) {
	return Pe(function() {
		return P(e, t);
	}, []);
}
var bt = function(e) {
	queueMicrotask(function() {
		queueMicrotask(e);
	});
};
function xt() {
	Ke(function() {
		for (var e; e = ht.shift();) ft.call(e);
	});
}
function St() {
	ht.push(this) === 1 && (e.requestAnimationFrame || bt)(xt);
}
// src/protocol/asks.ts
var Ct = {
	explain: 0,
	test: 1,
	terms: 1,
	inspect: 2,
	reads: 3,
	generate: 2,
	attention: 3,
	lens: 4,
	patch: 5,
	paths: 6,
	facts: 6,
	edit: 6,
	update: 6,
	attribute: 7,
	find: 8
}, wt = 2, Tt = 200;
function Et(e) {
	if (Array.isArray(e)) return `[${e.map(Et).join(",")}]`;
	if (typeof e != "object" || !e) return JSON.stringify(e);
	let t = Object.entries(e).filter(([, e]) => e !== void 0);
	return t.sort(([e], [t]) => e < t ? -1 : 1), `{${t.map(([e, t]) => `${JSON.stringify(e)}:${Et(t)}`).join(",")}}`;
}
var Dt = {
	stage: "waiting",
	fraction: 0,
	result: null,
	error: null
}, Ot = class {
	lost = P(!1);
	#e = /* @__PURE__ */ new Map();
	#t;
	constructor(e, t) {
		this.#t = e;
		for (let [e, n] of Object.entries(t)) {
			let t = JSON.parse(e);
			this.#e.set(Et(t), this.#n(t, n));
		}
	}
	watch(e) {
		let t = Et(e), n = this.#e.get(t);
		return n?.answer.value?.error && (n = void 0), n || (n = this.#n(e, null), this.#e.set(t, n)), n.watchers += 1, this.#r(), n.answer;
	}
	release(e) {
		let t = Et(e), n = this.#e.get(t);
		n && (--n.watchers, n.watchers > 0 || n.state === "done" || (n.cancel?.(), this.#e.delete(t), this.#r()));
	}
	peek(e) {
		return this.#e.get(Et(e))?.answer.value?.result ?? null;
	}
	shown(e) {
		let t = ({ watchers: t, ask: n }) => t > 0 || n.prompt === e, n = [...this.#e].filter(([, e]) => t(e) && e.answer.value?.result);
		return Object.fromEntries(n.map(([e, t]) => [e, t.answer.value?.result]));
	}
	#n(e, t) {
		let n = t !== null;
		return {
			ask: e,
			order: Ct[e.ask] + (e.ask === "explain" && e.test === !0 ? 3 : 0),
			answer: P(n ? {
				...Dt,
				fraction: 1,
				result: t
			} : Dt),
			watchers: 0,
			cancel: null,
			state: n ? "done" : "queued"
		};
	}
	retry() {
		this.lost.value = !1, this.#r();
	}
	#r() {
		if (this.lost.value) return;
		let e = [...this.#e.values()], t = wt - e.filter((e) => e.state === "running").length, n = e.filter((e) => e.state === "queued").sort((e, t) => e.order - t.order);
		for (let e of n) {
			if (t === 0) break;
			this.#i(e), --t;
		}
	}
	#i(e) {
		let t = (t) => {
			e.state !== "done" && (e.state = "done", e.cancel = null, e.answer.value = t, this.#a(), this.#r());
		};
		e.state = "running", e.cancel = this.#t(e.ask, {
			progress: (t, n) => {
				e.state === "running" && (e.answer.value = {
					...Dt,
					stage: t,
					fraction: n
				});
			},
			result: (e) => t({
				...Dt,
				fraction: 1,
				result: e
			}),
			error: (e) => t({
				...Dt,
				error: e
			}),
			lost: () => {
				e.state === "running" && (e.state = "queued", e.cancel = null, e.answer.value = Dt, this.lost.value = !0);
			}
		});
	}
	#a() {
		for (let [e, t] of this.#e) {
			if (this.#e.size <= Tt) return;
			t.watchers === 0 && t.state === "done" && this.#e.delete(e);
		}
	}
}, kt = _e(null);
function I() {
	let e = Fe(kt);
	if (!e) throw Error("A panel is used outside the page.");
	return e;
}
// src/hooks/useAsk.ts
function L(e) {
	let t = I(), n = e === null ? "" : Et(e), r = F(null);
	return Ne(() => {
		if (e !== null) return r.value = {
			key: n,
			answer: t.desk.watch(e)
		}, () => t.desk.release(e);
	}, [n]), r.value?.key === n ? r.value.answer.value : null;
}
function At(e) {
	let t = L(e), n = A(null);
	return t?.result && (n.current = t.result), e === null && (n.current = null), {
		answer: t,
		result: t?.error ? null : n.current,
		stale: !t?.result
	};
}
// src/page/keys.ts
var jt = {
	none: "zero",
	zero: "mean",
	mean: null,
	double: null,
	swap: null
};
function Mt(e, t) {
	let n = e.data.host === "widget" ? t : document, r = (n) => Nt(e, t, n);
	return n.addEventListener("keydown", r), () => n.removeEventListener("keydown", r);
}
function Nt(e, t, n) {
	if (n.ctrlKey || n.metaKey || n.altKey || Pt(n.target) || e.helpOpen.value || e.glossary.value !== null) return;
	let { selection: r, test: i } = e.state.value;
	if (n.key === "t" && r) e.set({ test: jt[i ?? "none"] });
	else if (n.key === "p" && r) e.pin();
	else if (n.key === "/") t.querySelector("[data-find]")?.focus();
	else if (n.key === "?") e.helpOpen.value = !0;
	else if (n.key === "Escape" && r) e.select(null);
	else return;
	n.preventDefault();
}
function Pt(e) {
	return e instanceof HTMLElement && (e.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(e.tagName));
}
// src/lib/parts.ts
function R(e) {
	let { cross: t, encoder: n, layer: r, head: i } = e;
	return {
		kind: t ? "cross_head" : "head",
		layer: r,
		head: i,
		...n ? { encoder: n } : {}
	};
}
function z(e) {
	let { layer: t, expert: n, neuron: r, encoder: i } = e;
	return {
		kind: "neuron",
		layer: t,
		...n === null ? {} : { expert: n },
		neuron: r,
		...i ? { encoder: i } : {}
	};
}
function B(e, t) {
	return e === null || t === null ? e === t : Ft(e) === Ft(t);
}
function Ft(e) {
	return [
		e.kind,
		e.layer,
		e.head ?? "",
		e.expert ?? "",
		e.neuron ?? "",
		e.encoder ? "enc" : ""
	].join(" ");
}
function It(e) {
	return e.kind === "head" ? "attention" : e.kind === "cross_head" ? "cross_attention" : e.kind === "neuron" ? "mlp" : e.kind;
}
function Lt(e) {
	return It(e) === "cross_attention";
}
function Rt(e) {
	return Lt(e) || e.encoder === !0;
}
function zt(e) {
	return e.encoder ? { encoder: !0 } : Lt(e) ? { cross: !0 } : {};
}
function Bt(e) {
	let t = /^\s*enc\.(.*)$/is.exec(e);
	if (!t) return Vt(e);
	let n = Vt(t[1] ?? "");
	return n === null || Lt(n) ? null : {
		...n,
		encoder: !0
	};
}
function Vt(e) {
	let t = /^\s*L?(\d+)(?:[.\s]*(?:H(\d+)|X(\d+)|(?:E(\d+)[.\s]*)?N(\d+)|(A(?:ttn|ttention)?)|(C(?:ross)?)|(M(?:LP)?)))?\s*$/i.exec(e);
	if (!t) return null;
	let [, n, r, i, a, o, , s, c] = t, l = { layer: Number(n) };
	return r === void 0 ? i === void 0 ? o === void 0 ? {
		kind: c ? "mlp" : s ? "cross_attention" : "attention",
		...l
	} : {
		kind: "neuron",
		...l,
		...a === void 0 ? {} : { expert: Number(a) },
		neuron: Number(o)
	} : {
		kind: "cross_head",
		...l,
		head: Number(i)
	} : {
		kind: "head",
		...l,
		head: Number(r)
	};
}
function V(e) {
	return Ut(Ht(e), e.encoder ?? !1);
}
function Ht(e) {
	return e.kind === "head" ? `L${e.layer}.H${e.head}` : e.kind === "cross_head" ? `L${e.layer}.X${e.head}` : e.kind === "neuron" ? e.expert === void 0 ? `L${e.layer}.N${e.neuron}` : `L${e.layer}.E${e.expert}.N${e.neuron}` : `L${e.layer} ${{
		mlp: "mlp",
		attention: "attn",
		cross_attention: "cross"
	}[e.kind]}`;
}
function Ut(e, t) {
	return t ? `enc.${e}` : e;
}
function Wt(e) {
	let t = Gt(e);
	if (t) return V(t);
	let n = e.kind.replaceAll("_", " ");
	return e.layer === null ? n : `L${e.layer} ${n}`;
}
function Gt(e) {
	let { kind: t, layer: n, expert: r } = e;
	return n === null ? null : t === "cross_attention" ? typeof e.head == "number" ? {
		kind: "cross_head",
		layer: n,
		head: e.head
	} : {
		kind: t,
		layer: n
	} : t === "attention" || t === "mlp" ? {
		kind: t,
		layer: n
	} : t === "head" && typeof e.head == "number" ? {
		kind: t,
		layer: n,
		head: e.head
	} : t !== "neuron" || typeof e.neuron != "number" ? null : {
		kind: t,
		layer: n,
		...typeof r == "number" ? { expert: r } : {},
		neuron: e.neuron
	};
}
function Kt(e) {
	let t = e;
	return typeof t != "object" || !t || !qt(t.layer) || t.encoder !== void 0 && (t.encoder !== !0 || String(t.kind).startsWith("cross")) ? !1 : t.kind === "head" || t.kind === "cross_head" ? qt(t.head) : t.kind === "neuron" ? qt(t.neuron) && (t.expert === void 0 || qt(t.expert)) : t.kind === "attention" || t.kind === "cross_attention" || t.kind === "mlp";
}
function qt(e) {
	return Number.isInteger(e) && e >= 0;
}
function Jt(e, t) {
	return (t.reads === null || t.reads === void 0) && (e.encoder || Lt(e)) ? "this model has no encoder." : e.encoder ? "" : e.layer >= t.layers ? `its layers are L0 to L${t.layers - 1}.` : e.head !== void 0 && e.head >= t.heads ? `the heads of a layer are 0 to ${t.heads - 1}.` : e.neuron === void 0 ? "" : t.d_mlp === 0 ? "this model has no neurons." : e.neuron >= t.d_mlp ? `the neurons of a layer are 0 to ${t.d_mlp - 1}.` : "";
}
function Yt(e) {
	let t = e.ledger.terms.flatMap((e) => Gt(e) ?? []);
	return [
		...e.heads.map(R),
		...e.neurons.map(z),
		...t
	];
}
// src/page/earlier.ts
var Xt = 20, Zt = "unembed-earlier", Qt = class {
	list;
	#e;
	constructor(e) {
		this.#e = e, this.list = P(en(e));
	}
	add({ a: e, source: t }) {
		let n = this.list.value.filter((n) => n.a !== e || n.source !== t);
		this.list.value = [{
			a: e,
			source: t
		}, ...n].slice(0, Xt);
		try {
			this.#e?.setItem(Zt, JSON.stringify(this.list.value));
		} catch {}
	}
};
function $t(e) {
	try {
		return e === "page" ? sessionStorage : null;
	} catch {
		return null;
	}
}
function en(e) {
	try {
		let t = JSON.parse(e?.getItem(Zt) ?? "[]");
		return Array.isArray(t) ? t.filter(tn).slice(0, Xt) : [];
	} catch {
		return [];
	}
}
function tn(e) {
	let { a: t, source: n } = e ?? {};
	return typeof t == "string" && (n === null || typeof n == "string");
}
// src/lib/knowledge.ts
var nn = [
	"update",
	"erase",
	"suppress",
	"amplify"
], rn = ["rome", "value"], an = [
	"refined",
	"kept",
	"shared"
], on = {
	prompts: null,
	subject: "",
	t: .2,
	set: null,
	test: null,
	edit: null
};
function sn(e, t, n) {
	let r = n.trim();
	return e.relations.flatMap(({ name: e, facts: n }) => n.filter((e) => r !== "" && e.answer.startsWith(r) && t.includes(e.subject)).map((t) => ({
		...t,
		relation: e
	})));
}
function cn({ layers: e, attributions: t }) {
	return [!0, !1].map((n) => ({
		encoder: n,
		layers: e.filter((e) => (e.encoder ?? !1) === n),
		neurons: t.filter((e) => (e.encoder ?? !1) === n)
	})).filter((e) => e.layers.length > 0);
}
function ln(e) {
	return V(z(e));
}
function un(e, t) {
	let n = Array.from({ length: t }, () => []);
	for (let t of e) n[t.layer]?.push(t);
	for (let e of n) e.sort((e, t) => Math.abs(t.value) - Math.abs(e.value));
	return n;
}
function dn(e) {
	return [...new Set(e.split("\n").filter((e) => e.trim() !== ""))];
}
function fn(e) {
	let [t] = e.facts;
	return {
		refined: t?.refined ?? [],
		kept: t?.kept ?? [],
		shared: e.shared
	};
}
function pn(e, t) {
	return t ?? an.find((t) => e[t].length > 0) ?? "refined";
}
function mn({ layer: e, expert: t, neuron: n }) {
	return {
		layer: e,
		...t === null ? {} : { expert: t },
		neuron: n
	};
}
function hn({ relation: e, subject: t, answer: n, target: r, prompts: i }) {
	let a = r === ` ${n}` ? {} : { target: r };
	return JSON.stringify({
		relation: e,
		subject: t || e,
		answer: n,
		...a,
		prompts: i
	});
}
function gn(e, t, n, r, i) {
	let a = n ? [
		"--relation",
		t.relation,
		"--subject",
		t.subject
	] : [], o = [
		"--model",
		i,
		"--save",
		"edit.safetensors"
	];
	if (e.action === "update") {
		let t = e.method === "rome" ? [] : [
			"--method",
			"value",
			...r.flatMap((e) => ["--neuron", e])
		];
		return _n([
			"update",
			...n ? a : ["fact.jsonl"],
			"--to",
			e.to,
			...t,
			...o
		]);
	}
	return e.action === "erase" ? _n([
		"suppress",
		...r,
		...o
	]) : _n([
		e.action,
		...r,
		...n ? a : ["--facts", "fact.jsonl"],
		...o
	]);
}
function _n(e) {
	return `unembed knowledge ${e.map((e) => /^[\w./-]+$/.test(e) ? e : `'${e.replaceAll("'", "'\\''")}'`).join(" ")}`;
}
function vn(e, t) {
	let { prompts: n, t: r } = e;
	return {
		ask: "find",
		...bn(e, t),
		t: r,
		...n === null ? {} : { prompts: n }
	};
}
function yn(e, t, n, r) {
	let { prompts: i, subject: a } = e, o = i === null ? {} : { prompts: i }, s = r.map(mn);
	return t.action === "update" ? {
		ask: "update",
		...bn(e, n),
		...o,
		to: t.to,
		method: t.method,
		...t.method === "value" ? { neurons: s } : {},
		...i === null ? {} : { subject: a }
	} : {
		ask: "edit",
		...bn(e, n),
		...o,
		action: t.action,
		neurons: s
	};
}
function bn({ prompts: e }, { prompt: t, target: n }) {
	return e === null ? { prompt: t } : {
		prompt: t,
		target: n
	};
}
function xn(e) {
	let t = e;
	if (typeof t != "object") return !1;
	let { prompts: n, subject: r, t: i, set: a, test: o, edit: s } = t;
	return (n === null || Array.isArray(n) && n.every((e) => typeof e == "string")) && typeof r == "string" && typeof i == "number" && Cn([null, ...an])(a) && Cn([
		null,
		"zero",
		"double"
	])(o) && (s === null || Sn(s));
}
function Sn(e) {
	let t = e;
	return typeof t == "object" && Cn(nn)(t.action) && typeof t.to == "string" && Cn(rn)(t.method);
}
function Cn(e) {
	return (t) => e.includes(t);
}
// src/page/state.ts
var wn = [
	"zero",
	"double",
	"mean",
	"swap"
], Tn = [
	"why",
	"parts",
	"graph",
	"tests",
	"compare",
	"facts",
	"continue"
], En = {
	view: "why",
	a: "",
	b: null,
	source: null,
	position: null,
	target: null,
	vs: null,
	reference: "mean",
	word: null,
	selection: null,
	test: null,
	pins: [],
	knowledge: null
};
function Dn(e) {
	let t = Object.entries(e).filter(([e, t]) => JSON.stringify(t) !== JSON.stringify(En[e]));
	return t.length === 0 ? "" : `#${encodeURIComponent(JSON.stringify(Object.fromEntries(t)))}`;
}
function On(e, t = En) {
	if (e.length < 2) return t;
	let n;
	try {
		n = JSON.parse(decodeURIComponent(e.slice(1)));
	} catch {
		return t;
	}
	return typeof n == "object" && n && !Array.isArray(n) ? kn({
		...En,
		...n
	}) : t;
}
function kn(e) {
	let t = (t, n) => n(e[t]) ? e[t] : En[t], n = (e) => e === null || typeof e == "string";
	return {
		view: t("view", (e) => Tn.some((t) => t === e)),
		a: t("a", (e) => typeof e == "string"),
		b: t("b", n),
		source: t("source", n),
		position: t("position", (e) => e === null || qt(e)),
		target: t("target", (e) => n(e) || qt(e)),
		vs: t("vs", n),
		reference: t("reference", (e) => e === "mean" || e === "raw"),
		word: t("word", (e) => e === null || qt(e)),
		selection: t("selection", (e) => e === null || Kt(e)),
		test: t("test", (e) => e === null || jn(e)),
		pins: t("pins", (e) => Array.isArray(e) && e.every(Mn)),
		knowledge: t("knowledge", (e) => e === null || xn(e))
	};
}
function An(e) {
	return e.text === "" || e.text.includes("�") ? e.id : e.text;
}
function jn(e) {
	return wn.some((t) => t === e);
}
function Mn(e) {
	let t = e;
	return typeof t == "object" && !!t && Kt(t.part) && jn(t.how);
}
// src/page/page.ts
var Nn = class {
	data;
	desk;
	state;
	hovered = P(null);
	explained = P(null);
	answered = P(null);
	helpOpen = P(!1);
	continued = P(null);
	glossary = P(null);
	earlier;
	said = P("");
	shownPart = ot(() => this.hovered.value ?? this.state.value.selection);
	constructor(e, t) {
		this.data = e, this.earlier = new Qt($t(e.host)), this.desk = new Ot(t, e.results);
		let n = kn({
			...En,
			...e.state
		});
		this.state = P(e.host === "widget" ? n : this.#e(n));
	}
	reads() {
		return (this.explained.value?.model ?? this.data.model)?.reads ?? null;
	}
	#e(e = En) {
		let t = On(location.hash, e);
		return this.data.model && this.data.model.reads === null ? {
			...t,
			source: null
		} : t;
	}
	asked() {
		let { a: e, source: t } = this.state.value;
		return this.reads() === null ? e !== "" : this.reads() === "audio" || !!t;
	}
	beside() {
		return this.reads() === null ? "prompt" : "source";
	}
	set(e) {
		let t = this.state.value, n = e.a !== void 0 && e.a !== t.a, r = n || e.source !== void 0;
		this.state.value = {
			...t,
			...n ? { knowledge: null } : {},
			...r ? { word: null } : {},
			...e
		};
	}
	setKnowledge(e) {
		let t = this.state.value.knowledge;
		t && this.set({ knowledge: {
			...t,
			...e
		} });
	}
	select(e) {
		this.set({
			selection: e,
			test: null
		});
	}
	pin() {
		let { selection: e, test: t, pins: n } = this.state.value;
		if (!e) return;
		let r = n.filter((t) => !B(t.part, e));
		this.set({ pins: [...r, {
			part: e,
			how: t ?? "zero"
		}] }), this.said.value = `Pinned ${V(e)}.`;
	}
	go(e) {
		this.set({ view: e });
	}
	take(e, t) {
		Ke(() => {
			this.explained.value = e, this.answered.value = e && t, e && this.earlier.add(t);
		});
	}
	followed() {
		let e = this.answered.value;
		return e && {
			...Fn(e),
			target: e.target ?? this.explained.value?.target.id
		};
	}
	link() {
		if (this.data.host === "widget") return () => {};
		let e = Pn(this.state.value), t = dt(() => {
			let t = this.state.value, n = Dn(t), r = Pn(t) !== e;
			if (e = Pn(t), n === location.hash) return;
			let i = n || location.pathname + location.search;
			r ? history.pushState(null, "", i) : history.replaceState(null, "", i);
		}), n = () => {
			this.state.value = this.#e();
		};
		return addEventListener("hashchange", n), () => {
			t(), removeEventListener("hashchange", n);
		};
	}
};
function Pn({ view: e, a: t, b: n, source: r, position: i, target: a, vs: o, reference: s }) {
	return JSON.stringify([
		e,
		t,
		n,
		r,
		i,
		a,
		o,
		s
	]);
}
function Fn({ a: e, source: t, target: n, vs: r, reference: i, position: a }) {
	return In({
		prompt: e,
		source: t,
		target: n,
		vs: r,
		position: a,
		reference: r === null && i !== "mean" ? i : null
	});
}
function In(e) {
	return Object.fromEntries(Object.entries(e).filter(([, e]) => e != null));
}
// src/lib/glossary.ts
var Ln = Rn("# Glossary\n\nThe field's terms as they are used here, one line each.\n\n| term | meaning |\n|---|---|\n| activation (of a neuron) | What enters the down projection; in a gated MLP `act(gate) * up`. It can be negative. |\n| attention head | One query-key-value reader of a block; it writes `z W_O^h` to the residual stream. |\n| attention sink | A source token, mostly the first, that gets much attention and adds little. |\n| block | One layer: attention and MLP, which both add to the stream. Counted from 0. |\n| borderline | So near a limit that rounding could change the word. |\n| causal, suppressor | A part without which the target falls, or rises, by 0.3 nats; or by 0.1 and by more than 95 % of the parts of its kind do ([verdicts](methods/direct-effect.md#verdicts)). |\n| contribution | What one source token's value adds to the readout through one head. |\n| control | The parts of the same kind, each zeroed as well, beside which an effect is ranked. |\n| credit | The value of a part's term: its direct effect on the readout, in logits. |\n| cross-attention | The sublayer by which a decoder reads the encoder's last states. |\n| direct effect | What a part's own write adds to the readout, with everything else as it was. |\n| direct logit attribution | A logit as a sum of direct effects; here a ledger. |\n| down projection | `W_out`, the matrix from neurons to the stream. |\n| embedding | The vector of a token, the first term of the stream. |\n| encoder | The stack that reads the source in an encoder-decoder; every position sees every other. |\n| expert | One of the MLPs of a mixture of experts; the router weighs those it chooses. |\n| family | All models of one `model_type`; one row that says where their parts are. |\n| final norm | The norm between the last block and the unembedding. |\n| frozen | Held at its value in the recorded run. |\n| gain, shift | The learned factor and offset of a norm, one number a dimension. |\n| grain, granularity | How fine a ledger is: sublayer, head, source, neuron. |\n| grouped-query attention | Several query heads share one key-value head. |\n| head role | What a head is known to do: look at the previous token, copy, suppress copies ([the list](methods/head-roles.md)). |\n| induction | Attention to what followed the same token earlier. |\n| KL | `KL(final prediction ‖ prediction of a state)`, in nats. |\n| ledger | Named terms whose sum is compared with the model's own number. |\n| logit | The score of a token before the softmax. |\n| logit lens | The final norm and the unembedding applied to an earlier state of the stream. |\n| log-odds | `log(P / (1 - P))`, in nats: what an effect on a probability is measured in, since it does not saturate. |\n| MLP | The second sublayer of a block; papers also say FFN. |\n| nats | The unit of log-odds: 1 nat multiplies the odds by 2.7, 0.1 nats by 1.1. |\n| neuron | One hidden unit of an MLP; it writes its activation times one row of `W_out`. |\n| OV circuit | `W_V W_O` of a head: what it writes for a source token, given that it looks there. |\n| patching | A value of one run put into another, to see what follows (also: activation patching). |\n| path | A way from where something is written through heads to the readout; its value is a product of what each step passes on. |\n| pattern | A head's attention probabilities, query by key. |\n| post-LN | A block whose norms follow the sum of stream and write (BART, Marian); others norm what a sublayer reads. |\n| position | Index of a token in the prompt, from 0; −1 is the last. |\n| post-norm | A norm on a sublayer's output before it is added to the stream (Gemma 2 and 3, OLMo 2). |\n| QK circuit | `W_Q W_K^T` of a head: where it looks. |\n| rank | 1 is the most probable token. |\n| readout | A linear functional of the stream at one position: a logit, a difference of logits, a direction. |\n| reference | What is subtracted from the raw logit: the vocabulary mean, another token's logit, or nothing. |\n| `resid_pre`, `resid_mid`, `resid_post` | The stream before a block, after its attention, after its MLP. |\n| residual stream | The vector at each position that every sublayer adds to. |\n| run | One forward pass, kept. |\n| soft-cap | `c * tanh(logit / c)` after the unembedding (Gemma 2). |\n| source token | The token whose value a head reads. |\n| source | What the encoder of an encoder-decoder reads. |\n| sublayer | The attention or the MLP of a block. |\n| term | One addend of a ledger. |\n| tolerance | How far a ledger may be off before it is an error; what rounding explains. |\n| total effect | What changes in the output when a part is changed, with all that follows from it. |\n| unembedding | `W_U`, the matrix from the normed stream to logits. |\n| value (of attention) | What a source token offers to a head; the pattern mixes values into `z`. |\n| versus | A reference: the logit of another token. |\n| write | What a sublayer, head or neuron adds to the stream. |\n| `z` | A head's mix of values, before the output projection. |\n| zeroed | Set to zero where the question is asked, with all that follows computed again: what the target would be without the part. |\n");
function Rn(e) {
	return e.split("\n").map((e) => /^\| (.+?) \| (.+) \|$/.exec(e)).flatMap((e) => e?.[1] && e[2] && e[1] !== "term" ? [zn(Bn(e[1]), Bn(e[2]))] : []);
}
function zn(e, t) {
	return {
		names: [e, ...e.replace(/ \(.*\)$/, "").split(", ")].map((e) => e.toLowerCase()),
		term: e,
		meaning: t
	};
}
function Bn(e) {
	return e.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1").replaceAll("`", "");
}
function Vn(e) {
	let t = [e.toLowerCase(), e.toLowerCase().replace(/s$/, "")];
	return Ln.find((e) => e.names.some((e) => t.includes(e))) ?? null;
}
// node_modules/preact/jsx-runtime/dist/jsxRuntime.mjs
var Hn = Symbol.for("pv"), Un = 0;
Array.isArray;
function H(t, n, r, i, a, o) {
	n ||= {};
	var s, c, l = n;
	if ("ref" in l && typeof t != "function") for (c in l = {}, n) c == "ref" ? s = n[c] : l[c] = n[c];
	var u = {
		type: t,
		props: l,
		key: r,
		ref: s,
		__k: null,
		__: null,
		__b: 0,
		__e: null,
		__c: null,
		constructor: Hn,
		__v: --Un,
		__i: -1,
		__u: 0
	};
	return (a || o) && (u.__source = a, u.__self = o), e.vnode && e.vnode(u), u;
}
// src/panels/Glossary.tsx
function Wn() {
	let e = I(), t = A(null), n = e.glossary.value, r = n === null ? null : Vn(n);
	return Me(() => {
		n === null ? t.current?.close() : (t.current?.open || t.current?.showModal(), t.current?.querySelector(".chosen")?.scrollIntoView({ block: "center" }));
	}, [n]), /* @__PURE__ */ H("dialog", {
		class: "glossary",
		ref: t,
		"aria-labelledby": "unembed-glossary",
		onClose: () => e.glossary.value = null,
		children: [/* @__PURE__ */ H("form", {
			method: "dialog",
			class: "controls",
			children: [/* @__PURE__ */ H("h2", {
				id: "unembed-glossary",
				children: "Glossary"
			}), /* @__PURE__ */ H("button", {
				type: "submit",
				children: "Close"
			})]
		}), n === null ? null : /* @__PURE__ */ H("dl", {
			tabIndex: 0,
			children: Ln.map((e) => /* @__PURE__ */ H("div", {
				class: e === r ? "chosen" : "",
				children: [/* @__PURE__ */ H("dt", { children: e.term }), /* @__PURE__ */ H("dd", { children: e.meaning })]
			}, e.term))
		})]
	});
}
// src/protocol/transports.ts
function Gn(e) {
	return (t, n) => {
		let r = new AbortController();
		return qn("/ask", t, e, r.signal).then(async (e) => {
			if (!e.ok || !e.body) throw Error(await Jn(e));
			await Yn(e.body, n);
		}).catch((e) => {
			r.signal.aborted || (Kn(e) ? n.lost() : n.error(e instanceof Error ? e.message : String(e)));
		}), () => r.abort();
	};
}
function Kn(e) {
	return e instanceof TypeError;
}
function qn(e, t, n, r) {
	let i = { "content-type": "application/json" };
	return n !== null && (i.authorization = `Bearer ${n}`), fetch(e, {
		method: "POST",
		headers: i,
		body: JSON.stringify(t),
		...r ? { signal: r } : {}
	});
}
async function Jn(e) {
	let t = await e.text();
	try {
		let { message: e } = JSON.parse(t);
		if (e) return e;
	} catch {}
	return t || `The server answered ${e.status}.`;
}
async function Yn(e, t) {
	let n = e.pipeThrough(new TextDecoderStream()).getReader(), r = "";
	for (;;) {
		let { done: e, value: i } = await n.read();
		if (e) break;
		r += i.replaceAll("\r\n", "\n");
		let a = r.split("\n\n");
		r = a.pop() ?? "";
		for (let e of a) Xn(e, t);
	}
	r.trim() && Xn(r, t), t.lost();
}
function Xn(e, t) {
	let n = e.split("\n"), r = (e) => n.filter((t) => t.startsWith(`${e}:`)).map((t) => t.slice(e.length + 1).replace(/^ /, "")), i = r("data").join("\n");
	i && Zn(r("event")[0] ?? "message", JSON.parse(i), t);
}
function Zn(e, t, n) {
	if (e === "progress") {
		let { stage: e, fraction: r } = t;
		n.progress(e, r);
	} else e === "error" ? n.error(t.message) : e === "result" && n.result(t);
}
var Qn = /* @__PURE__ */ new Set([
	"top",
	"test",
	"target"
]);
function $n(e) {
	let t = (e) => Et(Object.fromEntries(Object.entries(e).filter(([e]) => !Qn.has(e)))), n = new Map(Object.entries(e).map(([e, n]) => [t(JSON.parse(e)), n]));
	return (e, r) => {
		let i = n.get(t(e));
		return i ? r.result(i) : r.error("Not kept in this report. Open the prompt with `unembed open` to ask for it."), () => {};
	};
}
function er(e) {
	let t = 0;
	return (n, r) => {
		t += 1;
		let i = t, a = (t) => {
			t.id === i && (Zn(t.event, t.data, r), t.event !== "progress" && e.off("msg:custom", a));
		};
		return e.on("msg:custom", a), e.send({
			id: i,
			ask: n
		}), () => {
			e.off("msg:custom", a), e.send({
				id: i,
				cancel: !0
			});
		};
	};
}
// src/ui/Field.tsx
function tr(e) {
	let t = I(), n = String(t.state.value[e.name] ?? ""), r = F(n);
	Me(() => {
		r.value = n;
	}, [n]);
	let i = () => {
		if (r.value === n) return;
		let i = (e.name === "target" || e.name === "vs") && r.value === "" ? null : r.value, a = e.name === "a" || e.name === "source";
		t.set({
			[e.name]: i,
			...a ? {
				position: null,
				target: null
			} : {}
		});
	}, a = {
		value: r.value,
		placeholder: e.placeholder ?? "",
		readOnly: !e.live,
		spellcheck: !1,
		autocomplete: "off",
		onBlur: i
	};
	return e.wide ? /* @__PURE__ */ H("label", {
		class: "wide",
		children: [e.label, /* @__PURE__ */ H("textarea", {
			...a,
			rows: Math.min(4, Math.ceil(Math.max(r.value.length, 1) / 100)),
			dir: "auto",
			onInput: (e) => r.value = e.currentTarget.value,
			onKeyDown: (e) => {
				e.key !== "Enter" || e.shiftKey || (e.preventDefault(), i());
			}
		})]
	}) : /* @__PURE__ */ H("label", { children: [e.label, /* @__PURE__ */ H("input", {
		...a,
		type: "text",
		onInput: (e) => r.value = e.currentTarget.value,
		onKeyDown: (e) => e.key === "Enter" && i()
	})] });
}
// src/panels/EarlierPrompts.tsx
function nr() {
	let e = I(), { a: t, source: n } = e.state.value, r = e.earlier.list.value.filter((e) => e.a !== t || e.source !== n);
	return e.data.host === "report" || r.length === 0 ? null : /* @__PURE__ */ H("label", { children: ["Earlier", /* @__PURE__ */ H("select", {
		class: "earlier",
		value: "",
		onChange: (t) => {
			let n = r[Number(t.currentTarget.value)];
			t.currentTarget.value = "", n && e.set({
				...n,
				position: null,
				target: null
			});
		},
		children: [/* @__PURE__ */ H("option", {
			value: "",
			children: [r.length, " …"]
		}), r.map((e, t) => /* @__PURE__ */ H("option", {
			value: t,
			children: rr(e)
		}, t))]
	})] });
}
function rr({ a: e, source: t }) {
	let n = t ? `${t} → ${e}` : e;
	return n.length > 80 ? `${n.slice(0, 79)}…` : n;
}
// src/panels/Find.tsx
var ir = [
	"compare",
	"facts",
	"continue"
];
function ar() {
	let e = I(), t = A(null), n = Ie(), r = F(!1), i = e.explained.value, a = i ? Yt(i) : [], o = (n) => {
		let a = Bt(n), o = a === null ? "" : i ? Jt(a, i.model) : "Nothing is explained yet.";
		r.value = a === null || o !== "", a === null ? e.said.value = `“${n}” names no part: write L23 (attention), L23.H4, L24.N1005 or L24 mlp.` : o && (e.said.value = `There is no ${V(a)}: ${o}`), a === null || o ? t.current?.select() : (ir.includes(e.state.value.view) && e.set({ view: "parts" }), e.select(a), t.current?.blur());
	};
	return /* @__PURE__ */ H("label", {
		class: "find",
		children: [
			/* @__PURE__ */ H("span", { children: ["Find ", /* @__PURE__ */ H("kbd", { children: "/" })] }),
			/* @__PURE__ */ H("input", {
				ref: t,
				type: "search",
				"data-find": !0,
				list: n,
				placeholder: a[0] ? V(a[0]) : "part",
				"aria-invalid": r.value,
				onKeyDown: (e) => {
					e.key === "Enter" && e.currentTarget.value.trim() ? o(e.currentTarget.value.trim()) : e.key === "Escape" && e.currentTarget.blur();
				}
			}),
			/* @__PURE__ */ H("datalist", {
				id: n,
				children: a.map((e) => /* @__PURE__ */ H("option", { value: V(e) }, V(e)))
			})
		]
	});
}
// src/panels/Header.tsx
function or() {
	let e = I(), t = e.explained.value?.model ?? e.data.model, n = e.data.host !== "report", r = e.beside();
	return /* @__PURE__ */ H("header", {
		class: "top",
		children: [/* @__PURE__ */ H("div", {
			class: "title",
			children: [
				/* @__PURE__ */ H("h1", { children: "unembed" }),
				t ? /* @__PURE__ */ H("p", {
					class: "model",
					title: `${t.layers} layers × ${t.heads} heads`,
					children: [
						t.name,
						" · ",
						t.dtype,
						" · ",
						t.device
					]
				}) : null,
				/* @__PURE__ */ H("form", {
					class: "fields",
					onSubmit: (e) => e.preventDefault(),
					children: [
						e.reads() === "text" ? /* @__PURE__ */ H(tr, {
							name: "source",
							label: "Source",
							wide: !0,
							live: n
						}) : null,
						/* @__PURE__ */ H(tr, {
							name: "a",
							label: r === "source" ? "Decoder's prompt" : "Prompt",
							wide: !0,
							live: n
						}),
						/* @__PURE__ */ H(nr, {})
					]
				}),
				/* @__PURE__ */ H(ar, {}),
				/* @__PURE__ */ H(ur, {}),
				e.data.host === "page" ? /* @__PURE__ */ H(fr, {}) : null,
				/* @__PURE__ */ H("button", {
					type: "button",
					"aria-label": "Keys",
					title: "Keys",
					onClick: () => e.helpOpen.value = !0,
					children: "?"
				})
			]
		}), /* @__PURE__ */ H("div", {
			class: "bar-of-views",
			children: [/* @__PURE__ */ H(cr, {}), /* @__PURE__ */ H(lr, { live: n })]
		})]
	});
}
var sr = {
	why: "Why",
	parts: "Parts",
	graph: "Graph",
	tests: "Tests",
	compare: "Compare",
	facts: "Facts",
	continue: "Continue"
};
function cr() {
	let e = I(), t = e.state.value;
	return /* @__PURE__ */ H("nav", {
		"aria-label": "Views",
		children: Tn.map((n) => /* @__PURE__ */ H("a", {
			href: Dn({
				...t,
				view: n
			}) || "#",
			"aria-current": n === t.view ? "page" : void 0,
			onClick: (t) => {
				t.ctrlKey || t.metaKey || t.shiftKey || (t.preventDefault(), e.go(n));
			},
			children: [sr[n], n === "tests" && t.pins.length > 0 ? /* @__PURE__ */ H("span", {
				class: "small",
				children: [" ", t.pins.length]
			}) : null]
		}, n))
	});
}
function lr({ live: e }) {
	let t = I(), n = t.state.value;
	return /* @__PURE__ */ H("details", {
		class: "options",
		open: n.target !== null || n.vs !== null || n.reference !== "mean",
		children: [/* @__PURE__ */ H("summary", { children: "Another token or reference" }), /* @__PURE__ */ H("form", {
			class: "fields",
			onSubmit: (e) => e.preventDefault(),
			children: [
				/* @__PURE__ */ H(tr, {
					name: "target",
					label: "Target",
					placeholder: "top prediction",
					live: e
				}),
				/* @__PURE__ */ H(tr, {
					name: "vs",
					label: "Versus",
					placeholder: "none",
					live: e
				}),
				/* @__PURE__ */ H("label", { children: ["Reference", /* @__PURE__ */ H("select", {
					value: n.vs === null ? n.reference : "vs",
					disabled: !e || n.vs !== null,
					onChange: (e) => t.set({ reference: e.currentTarget.value }),
					children: [
						/* @__PURE__ */ H("option", {
							value: "mean",
							children: "above vocabulary mean"
						}),
						/* @__PURE__ */ H("option", {
							value: "raw",
							children: "raw logit"
						}),
						n.vs === null ? null : /* @__PURE__ */ H("option", {
							value: "vs",
							children: "minus the versus token"
						})
					]
				})] })
			]
		})]
	});
}
function ur() {
	let e = I();
	return e.data.host === "page" ? /* @__PURE__ */ H("button", {
		type: "button",
		onClick: async () => {
			try {
				await navigator.clipboard.writeText(location.href), e.said.value = "The link to this view is copied.";
			} catch {
				e.said.value = "The browser does not let a page copy here: take the link from its address bar.";
			}
		},
		children: "Copy link"
	}) : null;
}
function dr(e) {
	return Kn(e) ? `The server at ${location.origin} does not answer.` : e instanceof Error ? e.message : String(e);
}
function fr() {
	let e = I(), t = F(null), n = async () => {
		t.value = null;
		let n = await qn("/report", {
			state: e.state.value,
			results: e.desk.shown(e.state.value.a)
		}, e.data.token);
		if (!n.ok) {
			t.value = await Jn(n);
			return;
		}
		let r = URL.createObjectURL(await n.blob()), i = document.createElement("a");
		i.href = r, i.download = "unembed-report.html", i.click(), URL.revokeObjectURL(r);
	};
	return /* @__PURE__ */ H(x, { children: [/* @__PURE__ */ H("button", {
		type: "button",
		onClick: () => n().catch((e) => t.value = dr(e)),
		disabled: !e.explained.value,
		children: "Save report"
	}), t.value ? /* @__PURE__ */ H("p", {
		class: "error",
		role: "alert",
		children: t.value
	}) : null] });
}
// src/panels/Help.tsx
var pr = [
	["↑ ↓", "in the ledger: from row to row; in a grid: over the cells"],
	["→ ←", "in the ledger: open and close a row; in the tokens: from token to token"],
	["Enter", "choose what has the focus"],
	["t", "test the selected part: zero, then mean, then none"],
	["p", "pin the test of the selected part"],
	["/", "find a part by name"],
	["Escape", "select nothing; close this"],
	["?", "show the keys"]
];
function mr() {
	let e = I(), t = A(null), n = e.helpOpen.value;
	return Me(() => {
		n && !t.current?.open && t.current?.showModal(), n || t.current?.close();
	}, [n]), /* @__PURE__ */ H("dialog", {
		ref: t,
		"aria-labelledby": "unembed-keys",
		onClose: () => e.helpOpen.value = !1,
		children: [
			/* @__PURE__ */ H("h2", {
				id: "unembed-keys",
				children: "Keys"
			}),
			/* @__PURE__ */ H("table", { children: /* @__PURE__ */ H("tbody", { children: pr.map(([e, t]) => /* @__PURE__ */ H("tr", { children: [/* @__PURE__ */ H("th", {
				scope: "row",
				children: /* @__PURE__ */ H("kbd", { children: e })
			}), /* @__PURE__ */ H("td", { children: t })] }, e)) }) }),
			/* @__PURE__ */ H("p", {
				class: "controls",
				children: [/* @__PURE__ */ H("button", {
					type: "button",
					onClick: () => e.helpOpen.value = !1,
					children: "Close"
				}), /* @__PURE__ */ H("button", {
					type: "button",
					onClick: () => {
						e.helpOpen.value = !1, e.glossary.value = "ledger";
					},
					children: "Glossary"
				})]
			})
		]
	});
}
// src/panels/Lost.tsx
function hr() {
	let e = I();
	if (!e.desk.lost.value) return null;
	let { a: t } = e.state.value;
	return /* @__PURE__ */ H("div", {
		class: "panel lost",
		role: "alert",
		children: [/* @__PURE__ */ H("p", { children: [
			/* @__PURE__ */ H("strong", { children: [
				"The server at ",
				location.origin,
				" does not answer."
			] }),
			" What is shown stays. Start it again with",
			" ",
			/* @__PURE__ */ H("code", { children: ["unembed open ", gr(t)] }),
			", which opens a page of its own; if it is running and was only busy or out of reach, try again here."
		] }), /* @__PURE__ */ H("button", {
			type: "button",
			onClick: () => e.desk.retry(),
			children: "Try again"
		})]
	});
}
function gr(e) {
	return `'${e.replaceAll("'", "'\\''")}'`;
}
// src/panels/Start.tsx
var _r = [
	["A fact", "The capital of France is"],
	["Who did what", "When Mary and John went to the store, John gave a drink to"],
	["A pattern", "one two three four five six one two three four"]
];
function vr() {
	let e = I(), t = e.beside();
	return /* @__PURE__ */ H("main", {
		class: "start",
		children: [
			/* @__PURE__ */ H("h2", { children: "Why did the model say that?" }),
			/* @__PURE__ */ H("p", { children: [
				"Type a ",
				t,
				" above and press Enter. You see what the model says next, which words it needs for that, and which of its parts carried it. Each number is checked by running the model again without that word or part."
			] }),
			t === "prompt" && e.data.host !== "report" ? /* @__PURE__ */ H("ul", { children: _r.map(([t, n]) => /* @__PURE__ */ H("li", { children: /* @__PURE__ */ H("button", {
				type: "button",
				onClick: () => e.set({ a: n }),
				children: [
					/* @__PURE__ */ H("span", {
						class: "small",
						children: t
					}),
					" ",
					n
				]
			}) }, t)) }) : null
		]
	});
}
// src/ui/Status.tsx
function U(e) {
	let t = I(), n = e.answer;
	return !n || n.result ? null : n.error && t.data.host === "report" ? /* @__PURE__ */ H("p", {
		class: "note",
		children: n.error
	}) : n.error ? /* @__PURE__ */ H("p", {
		class: "error",
		role: "alert",
		children: n.error
	}) : t.desk.lost.value ? /* @__PURE__ */ H("p", {
		class: "note",
		children: "Waits for the server."
	}) : /* @__PURE__ */ H("p", {
		class: "progress",
		children: [
			/* @__PURE__ */ H("progress", {
				value: n.fraction,
				max: 1,
				"aria-label": n.stage
			}),
			" ",
			n.stage
		]
	});
}
// src/ui/Toast.tsx
var yr = 7e3;
function br() {
	let e = I(), t = e.said.value;
	return Me(() => {
		let t = setTimeout(() => {
			e.said.value = "";
		}, yr);
		return () => clearTimeout(t);
	}, [t]), /* @__PURE__ */ H("p", {
		class: "toast",
		role: "status",
		children: t
	});
}
function xr(e, t) {
	let n = F(0), r = A(""), i = `${e} ${t}`;
	return r.current !== i && (r.current = i, (e < n.value || e >= n.value + 128) && (n.value = Math.max(0, e - 128 + 1))), n;
}
function Sr(e, t, n) {
	return e >= t && e < t + 128 ? t : Math.min(Math.max(0, e - 64), Math.max(0, n - 128));
}
// src/lib/colours.ts
var Cr = [
	[
		84,
		39,
		136
	],
	[
		128,
		115,
		172
	],
	[
		178,
		171,
		210
	],
	[
		247,
		247,
		247
	],
	[
		253,
		184,
		99
	],
	[
		224,
		130,
		20
	],
	[
		179,
		88,
		6
	]
], wr = [
	[
		203,
		196,
		235
	],
	[
		146,
		133,
		194
	],
	[
		88,
		72,
		130
	],
	[
		44,
		44,
		42
	],
	[
		128,
		76,
		20
	],
	[
		214,
		132,
		44
	],
	[
		254,
		206,
		148
	]
], Tr = [
	[
		0,
		32,
		77
	],
	[
		49,
		68,
		107
	],
	[
		102,
		105,
		112
	],
	[
		149,
		143,
		120
	],
	[
		203,
		186,
		105
	],
	[
		255,
		234,
		70
	]
], Er = P(!1);
if (typeof matchMedia < "u") {
	let e = matchMedia("(prefers-color-scheme: dark)");
	Er.value = e.matches, e.addEventListener("change", () => {
		Er.value = e.matches;
	});
}
function Dr(e, t) {
	let n = Math.min(Math.max(Number.isFinite(t) ? t : 0, 0), 1) * (e.length - 1), r = e[Math.floor(n)], i = e[Math.ceil(n)], a = n - Math.floor(n);
	return [
		0,
		1,
		2
	].map((e) => {
		let [t, n] = [r[e], i[e]];
		return Math.round(t + (n - t) * a);
	});
}
function Or(e, t) {
	return jr(Dr(Er.value ? wr : Cr, .5 + (t > 0 ? e / t : 0) / 2));
}
function kr(e) {
	return jr(Dr(Tr, e));
}
function Ar(e) {
	let [t = 0, n = 0, r = 0] = (e.match(/\d+/g) ?? []).map((e) => {
		let t = Number(e) / 255;
		return t <= .04045 ? t / 12.92 : ((t + .055) / 1.055) ** 2.4;
	});
	return .2126 * t + .7152 * n + .0722 * r > .179 ? "#000" : "#fff";
}
function jr([e, t, n]) {
	return `rgb(${e},${t},${n})`;
}
// src/lib/format.ts
var Mr = "−", Nr = 1e6;
function W(e, t = 2) {
	return Pr(e, t, "");
}
function G(e, t = 2) {
	return Pr(e, t, "+");
}
function Pr(e, t, n) {
	let r = Math.abs(e);
	if (!(r < Nr)) return Fr(e, t, n);
	let i = r.toFixed(t);
	return Number(i) === 0 ? i : Ir(e, n) + i;
}
function Fr(e, t = 0, n = "") {
	if (Number.isNaN(e)) return "NaN";
	if (e === 0) return "0";
	let r = Math.abs(e), i = Number.isFinite(r) ? r.toExponential(t).replace(/([+-])(\d)$/, "$10$2") : "∞";
	return Ir(e, n) + i;
}
function Ir(e, t) {
	return e < 0 ? Mr : t;
}
function K(e) {
	if (e < 1e-4) return "<0.01%";
	let t = W(100 * e, e >= .001 ? 1 : 2);
	return t === "100.0" ? ">99.9%" : `${t}%`;
}
function Lr(e) {
	return `${W(100 * e, 1)}%`;
}
function Rr(e, t) {
	if (Math.max(e, t) < 1e-4) return [Fr(e, 1), Fr(t, 1)];
	let [n, r] = [K(e), K(t)];
	if (!Hr(e, t) || n !== r && !Vr(e, t)) return [n, r];
	let i = 2;
	for (; i < 4 && !Br(e, t, i);) i++;
	return [`${zr(e, i)}%`, `${zr(t, i)}%`];
}
function zr(e, t) {
	let n = W(100 * e, t);
	if (e <= 0 || e >= 1 || ![0, 100].includes(Number(n))) return n;
	let r = 10 ** -t;
	return Number(n) === 0 ? `<${W(r, t)}` : `>${W(100 - r, t)}`;
}
function Br(e, t, n) {
	let r = [zr(e, n), zr(t, n)];
	return r[0] !== r[1] && !(Vr(e, t) && r.some((e) => e.includes(">")));
}
function Vr(e, t) {
	return Math.min(e, t) > .99;
}
function Hr(e, t) {
	let [n, r] = e < t ? [e, t] : [t, e];
	return r * (1 - n) > 1.1 * n * (1 - r);
}
function Ur(e) {
	let { verdict: t, size: n } = e;
	return `${n === "none" || t === "ordinary" ? "○" : "●"} ${t === null ? n : t === "ordinary" ? t : `${n} ${t}`}${e.borderline ? " ~" : ""}`;
}
var Wr = {
	" ": "·",
	"\n": "↵",
	"	": "⇥"
}, Gr = /[\p{Cc}\p{Cf}\p{Cs}\p{Cn}\p{Co}\p{Z}\p{Default_Ignorable_Code_Point}\u2800]/u;
function q(e) {
	return [...e].map((e) => Wr[e] ?? (Gr.test(e) ? qr(e) : e)).join("") || "''";
}
function Kr(e) {
	return e ? e.label || q(e.text) : "";
}
function qr(e) {
	let t = (e.codePointAt(0) ?? 0).toString(16).padStart(4, "0");
	return t.length > 4 ? `\\u{${t}}` : `\\u${t}`;
}
// src/hooks/useRedraw.ts
function Jr(e) {
	Me(() => {
		e();
		let t = matchMedia("(prefers-color-scheme: dark)");
		return t.addEventListener("change", e), addEventListener("resize", e), () => {
			t.removeEventListener("change", e), removeEventListener("resize", e);
		};
	});
}
// src/ui/Grid.tsx
var Yr = "system-ui, sans-serif", [Xr, Zr, Qr] = [
	11,
	46,
	120
];
function $r(e) {
	let t = A(null), n = F(null), r = A({
		width: 1,
		height: 1,
		left: 0
	}), { columns: i, rows: a } = e;
	Jr(() => {
		let o = t.current, s = o?.parentElement?.clientWidth ?? 0, c = o?.getContext("2d");
		if (!o || !c || s === 0) return;
		let l = ti(c, e, s);
		r.current = l;
		let [u, d] = [l.left + l.width * i, l.height * a + si(c, e, l)], f = devicePixelRatio || 1;
		o.width = u * f, o.height = d * f, o.style.width = `${u}px`, o.style.height = `${d}px`, c.scale(f, f), ni(c, e, l), ai(c, e, l, getComputedStyle(o).color), n.value && ii(c, n.value, l, getComputedStyle(o).getPropertyValue("--accent"), 3);
	});
	let o = (e) => {
		let n = t.current?.getBoundingClientRect();
		if (!n) return null;
		let o = Math.floor((e.clientX - n.left - r.current.left) / r.current.width), s = Math.floor((e.clientY - n.top) / r.current.height);
		return o >= 0 && o < i && s >= 0 && s < a ? [o, s] : null;
	}, s = (t) => {
		let r = {
			ArrowLeft: [-1, 0],
			ArrowRight: [1, 0],
			ArrowUp: [0, -1],
			ArrowDown: [0, 1]
		}[t.key], o = n.value ?? [i - 1, 0];
		if (r) {
			let [e = 0, t = 0] = r;
			n.value = [ei(o[0] + e, i), ei(o[1] + t, a)];
		} else if ((t.key === "Enter" || t.key === " ") && e.onChoose) e.onChoose(...o);
		else return;
		t.preventDefault();
	}, c = n.value ?? e.rest, l = c && c[0] < i && c[1] < a ? e.tell(...c) : null;
	return /* @__PURE__ */ H(x, { children: [/* @__PURE__ */ H("div", {
		class: "grid",
		children: /* @__PURE__ */ H("canvas", {
			ref: t,
			tabIndex: 0,
			role: "application",
			"aria-label": `${e.label}. Arrow keys move${e.onChoose ? ", Enter chooses" : ""}; a table follows.`,
			onMouseMove: (e) => n.value = o(e),
			onMouseLeave: () => n.value = null,
			onClick: (t) => {
				let n = o(t);
				n && e.onChoose?.(...n);
			},
			onKeyDown: s
		})
	}), /* @__PURE__ */ H("p", {
		class: "told",
		"aria-live": "polite",
		children: l || "Point at a cell, or move over the cells with the arrow keys."
	})] });
}
function ei(e, t) {
	return Math.min(Math.max(e, 0), t - 1);
}
function ti(e, t, n) {
	let { columns: r, rows: i } = t;
	e.font = `${Xr}px ${Yr}`;
	let a = Array.from({ length: i }, (n, r) => e.measureText(ci(t.rowName(r))).width), o = Math.ceil(Math.max(24, ...a)) + 8, [s, c] = t.text ? [Zr, Qr] : [7, 64], l = t.text ? 15 : 9;
	return {
		left: o,
		width: Math.min(Math.max((n - o) / Math.max(r, 1), s), c),
		height: t.height ?? Math.min(Math.max(320 / Math.max(i, 1), l), 22)
	};
}
function ni(e, t, n) {
	for (let r = 0; r < t.rows; r += 1) for (let i = 0; i < t.columns; i += 1) {
		let a = t.colour(i, r);
		if (a === null) continue;
		e.fillStyle = a;
		let o = +(n.width > 10);
		e.fillRect(n.left + i * n.width, r * n.height, n.width - o, n.height - o), t.text && ri(e, t.text(i, r), [i, r], n, Ar(a)), t.marked?.(i, r) && ii(e, [i, r], n, "#e8710a", 2);
	}
}
function ri(e, t, [n, r], i, a) {
	e.font = `${Math.min(Xr, i.height - 4)}px ${Yr}`, e.fillStyle = a, e.textBaseline = "middle", e.textAlign = "center";
	let o = [...t], s = t;
	for (; o.length > 1 && e.measureText(s).width > i.width - 4;) o.pop(), s = `${o.join("")}…`;
	e.fillText(s, i.left + (n + .5) * i.width, (r + .5) * i.height);
}
function ii(e, [t, n], r, i, a) {
	e.strokeStyle = i || "#e8710a", e.lineWidth = a, e.strokeRect(r.left + t * r.width + 1, n * r.height + 1, r.width - 2, r.height - 2);
}
function ai(e, t, n, r) {
	e.fillStyle = r, e.font = `${Xr}px ${Yr}`, e.textBaseline = "middle", e.textAlign = "right";
	let i = Math.ceil(12 / n.height);
	for (let r = t.rows - 1; r >= 0; r -= i) e.fillText(ci(t.rowName(r)), n.left - 4, (r + .5) * n.height);
	let a = oi(e, t, n), o = a ? 1 : Math.ceil(13 / n.width);
	for (let r = 0; r < t.columns; r += o) e.save(), e.translate(n.left + (r + .5) * n.width, t.rows * n.height + 4), a ? e.textAlign = "center" : e.rotate(-Math.PI / 4), e.fillText(ci(t.columnName(r)), 0, a ? 8 : 4), e.restore();
}
function oi(e, t, n) {
	return Array.from({ length: t.columns }, (e, n) => ci(t.columnName(n))).every((t) => e.measureText(t).width <= n.width - 4);
}
function si(e, t, n) {
	if (oi(e, t, n)) return 22;
	let r = Array.from({ length: t.columns }, (e, n) => ci(t.columnName(n)).length);
	return 18 + 5 * Math.max(0, ...r);
}
function ci(e) {
	let t = [...e];
	return t.length > 11 ? `${t.slice(0, 10).join("")}…` : e;
}
// src/ui/Legend.tsx
var li = 9;
function ui(e) {
	let t = e.kind === "sign" ? (e) => Or(2 * e - 1, 1) : kr, n = Array.from({ length: li }, (e, n) => t(n / 8));
	return /* @__PURE__ */ H("p", {
		class: "legend",
		children: [
			/* @__PURE__ */ H("span", { children: e.low }),
			/* @__PURE__ */ H("span", {
				class: "ramp",
				"aria-hidden": "true",
				style: { background: `linear-gradient(to right, ${n.join(", ")})` }
			}),
			/* @__PURE__ */ H("span", {
				class: "hidden",
				children: "to"
			}),
			/* @__PURE__ */ H("span", { children: e.high }),
			e.middle ? /* @__PURE__ */ H("span", {
				class: "small",
				children: [
					"(middle: ",
					e.middle,
					")"
				]
			}) : null
		]
	});
}
// src/ui/Panel.tsx
function J(e) {
	let t = Ie();
	return /* @__PURE__ */ H("section", {
		class: `panel panel-${e.name}`,
		"aria-labelledby": t,
		children: [
			/* @__PURE__ */ H("h2", {
				id: t,
				children: e.title
			}),
			e.note ? /* @__PURE__ */ H("p", {
				class: "note",
				children: e.note
			}) : null,
			e.children
		]
	});
}
// src/ui/PartButton.tsx
function Y(e) {
	let t = I(), n = B(e.part, t.state.value.selection);
	return /* @__PURE__ */ H("button", {
		type: "button",
		class: "part",
		"aria-pressed": n,
		onClick: () => t.select(n ? null : e.part),
		onMouseEnter: () => t.hovered.value = e.part,
		onMouseLeave: () => t.hovered.value = null,
		children: V(e.part)
	});
}
// src/ui/Table.tsx
function di(e) {
	return /* @__PURE__ */ H("section", {
		class: "scroll",
		tabIndex: 0,
		"aria-label": e.label,
		children: e.children
	});
}
function fi(e) {
	let t = I(), n = pi();
	return /* @__PURE__ */ H("details", {
		class: "twin",
		ref: n.ref,
		onToggle: n.toggle,
		children: [/* @__PURE__ */ H("summary", { children: ["Table: ", e.label] }), n.open || t.data.host === "report" ? /* @__PURE__ */ H(di, {
			label: `Table: ${e.label}`,
			children: /* @__PURE__ */ H("table", { children: [/* @__PURE__ */ H("thead", { children: /* @__PURE__ */ H("tr", { children: e.head.map((e, t) => /* @__PURE__ */ H("th", {
				scope: "col",
				children: e
			}, t)) }) }), /* @__PURE__ */ H("tbody", { children: e.rows().map((e, t) => /* @__PURE__ */ H("tr", { children: e.map((e, t) => /* @__PURE__ */ H("td", { children: e }, t)) }, t)) })] })
		}) : null]
	});
}
function pi() {
	let e = F(!1), t = A(null);
	return {
		ref: t,
		get open() {
			return e.value;
		},
		toggle: () => {
			e.value = t.current?.open ?? !1;
		}
	};
}
// src/ui/Term.tsx
function X(e) {
	let t = I();
	return /* @__PURE__ */ H("button", {
		type: "button",
		class: "term",
		title: Vn(e.name)?.meaning,
		onClick: (n) => {
			n.stopPropagation(), t.glossary.value = e.name;
		},
		children: e.children ?? e.name
	});
}
// src/ui/Window.tsx
function mi(e) {
	let { start: t, length: n, what: r } = e;
	if (n <= 128) return t.value !== 0 && (t.value = 0), null;
	let i = Math.max(0, n - 128), a = (e) => {
		t.value = Math.min(Math.max(e, 0), i);
	};
	return /* @__PURE__ */ H("p", {
		class: "window",
		children: [
			/* @__PURE__ */ H("button", {
				type: "button",
				disabled: t.value === 0,
				onClick: () => a(t.value - 128),
				children: ["Earlier ", r]
			}),
			" ",
			t.value,
			"–",
			Math.min(t.value + 128, n) - 1,
			" of ",
			n,
			" ",
			/* @__PURE__ */ H("button", {
				type: "button",
				disabled: t.value >= i,
				onClick: () => a(t.value + 128),
				children: ["Later ", r]
			})
		]
	});
}
// src/panels/Attention.tsx
function hi() {
	let e = I(), t = e.explained.value, n = e.followed(), { selection: r } = e.state.value, i = t?.heads.find((e) => !e.cross), a = r && It(r) !== "mlp" ? r : null, o = a !== null && Lt(a), s = a !== null && Rt(a), c = (s ? t?.sources?.length : t?.tokens.length) ?? 0, l = xr(s ? 0 : t?.position ?? 0, c), u = a?.layer ?? i?.layer ?? 0, d = a ? a.head : i?.head, f = n && {
		ask: "attention",
		...n,
		layer: u,
		...a ? zt(a) : {}
	}, p = At(f), m = At(f && d !== void 0 && !o ? {
		...f,
		head: d
	} : null);
	return t ? /* @__PURE__ */ H(J, {
		name: "attention",
		title: `${o ? "Cross-attention" : a?.encoder ? "Attention of the encoder" : "Attention"}: layer ${u}`,
		note: /* @__PURE__ */ H(x, { children: [
			a ? gi(a, t.position) : "Of the strongest head; select another to see its layer.",
			" Each head: its attention to the tokens (above), and what they give the target through it (below). A first token that is bright and gives little is an ",
			/* @__PURE__ */ H(X, { name: "attention sink" }),
			"."
		] }),
		children: [
			/* @__PURE__ */ H(mi, {
				start: l,
				length: c,
				what: "tokens"
			}),
			/* @__PURE__ */ H(U, { answer: p.answer }),
			p.result ? /* @__PURE__ */ H("div", {
				class: p.stale ? "stale" : "",
				children: [
					/* @__PURE__ */ H(xi, {
						payload: p.result,
						start: l.value
					}),
					/* @__PURE__ */ H(ui, {
						kind: "amount",
						low: "attention 0",
						high: "1"
					}),
					/* @__PURE__ */ H(ui, {
						kind: "sign",
						...bi(yi(p.result))
					}),
					/* @__PURE__ */ H(fi, {
						label: "attention and contribution by head and token",
						head: [
							"head",
							"source",
							"attention",
							"gives (logits)"
						],
						rows: () => _i(p.result, l.value)
					})
				]
			}) : null,
			d === void 0 || o ? null : /* @__PURE__ */ H(U, { answer: m.answer }),
			m.result?.matrix === null ? /* @__PURE__ */ H("p", {
				class: "note",
				children: "The whole pattern of a head is not kept for a prompt of this length."
			}) : null,
			m.result?.matrix ? /* @__PURE__ */ H("div", {
				class: m.stale ? "stale" : "",
				children: /* @__PURE__ */ H(Ti, {
					payload: m.result,
					matrix: m.result.matrix,
					start: l.value
				})
			}) : null
		]
	}) : null;
}
function gi(e, t) {
	return e.encoder ? "The mean over all positions of the source." : `From position ${t}.`;
}
function _i(e, t) {
	return e.heads.flatMap((n) => vi(n, e).slice(t, t + 128).map((e) => [
		V(R(n)),
		`${e.position} ${q(e.text)}`,
		W(n.pattern[e.position] ?? 0, 3),
		G(n.contribution[e.position] ?? 0, 3)
	]));
}
function vi(e, t) {
	return e.cross || e.encoder ? (t.sources ?? []).map(({ position: e, label: t }) => ({
		position: e,
		text: t
	})) : t.tokens.slice(0, e.pattern.length);
}
function yi({ heads: e }) {
	return Math.max(0, ...e.flatMap((e) => e.contribution.map(Math.abs)));
}
function bi(e) {
	return {
		low: `gives ${G(-e)}`,
		high: `${G(e)} logits to the target`,
		middle: "none"
	};
}
function xi({ payload: e, start: t }) {
	let { heads: n } = e, r = yi(e);
	return /* @__PURE__ */ H("ul", {
		class: "multiples",
		children: n.map((n) => /* @__PURE__ */ H("li", { children: [
			/* @__PURE__ */ H(Y, { part: R(n) }),
			" ",
			G(n.value),
			/* @__PURE__ */ H(Si, {
				head: n,
				tokens: vi(n, e),
				start: t,
				largest: r
			})
		] }, n.head))
	});
}
function Si(e) {
	let t = e.tokens.slice(e.start, e.start + 128), n = 100 / Math.max(t.length, 1);
	return /* @__PURE__ */ H(x, { children: [/* @__PURE__ */ H("svg", {
		class: "strips",
		viewBox: "0 0 100 20",
		preserveAspectRatio: "none",
		"aria-hidden": "true",
		children: t.map((t, r) => {
			let i = e.head.pattern[t.position] ?? 0, a = e.head.contribution[t.position] ?? 0;
			return /* @__PURE__ */ H("g", { children: [
				/* @__PURE__ */ H("rect", {
					x: r * n,
					y: 0,
					width: n * .94,
					height: 9,
					fill: kr(i)
				}),
				/* @__PURE__ */ H("rect", {
					x: r * n,
					y: 10,
					width: n * .94,
					height: 9,
					fill: Or(a, e.largest)
				}),
				/* @__PURE__ */ H("title", { children: `${t.position} ${q(t.text)}: attention ${W(i)}, gives ${G(a)}` })
			] }, t.position);
		})
	}), t.length <= Ci ? /* @__PURE__ */ H("span", {
		class: "strip-names",
		"aria-hidden": "true",
		style: { gridTemplateColumns: `repeat(${t.length}, minmax(0, 1fr))` },
		children: t.map((e) => /* @__PURE__ */ H("bdi", {
			title: `${e.position} ${q(e.text)}`,
			children: q(e.text)
		}, e.position))
	}) : null] });
}
var Ci = 12, wi = {
	attention: "pattern",
	written: "value-weighted, at every position",
	target: "value-weighted, for the target"
};
function Ti(e) {
	let { payload: t, matrix: n, start: r } = e, [i] = t.heads, a = F("attention"), o = i?.encoder || (t.model.bidirectional ?? !1), s = i?.encoder ? vi(i, t) : t.tokens, c = Math.min(128, s.length - r), l = i ? V(R(i)) : "", u = (e) => q(s[r + e]?.text ?? ""), d = (e, t) => n[r + e]?.[r + t] ?? 0, f = (e, n) => d(e, n) * (t.norms?.[r + n] ?? 0);
	return /* @__PURE__ */ H(x, { children: [
		/* @__PURE__ */ H("h3", { children: l }),
		/* @__PURE__ */ H("p", {
			class: "controls",
			children: Object.entries(wi).map(([e, n]) => /* @__PURE__ */ H("button", {
				type: "button",
				"aria-pressed": a.value === e,
				disabled: e === "written" && !t.norms,
				onClick: () => a.value = e,
				children: n
			}, e))
		}),
		a.value === "target" ? /* @__PURE__ */ H(Di, {
			text: u,
			given: i?.contribution ?? [],
			name: l,
			start: r,
			size: c
		}) : /* @__PURE__ */ H(Ei, {
			label: a.value === "attention" ? `Attention pattern of ${l}, query by key` : `Norm of what ${l} writes, query by key`,
			size: c,
			start: r,
			text: u,
			value: a.value === "attention" ? d : f,
			whole: o,
			largest: a.value === "attention" ? 1 : void 0,
			unit: a.value === "attention" ? "attention; rows look at columns" : "norm of what is written"
		}),
		/* @__PURE__ */ H(fi, {
			label: `pattern of ${l}`,
			head: [
				"from",
				"to",
				"attention",
				"norm of what is written"
			],
			rows: () => Array.from({ length: c }, (e, n) => Array.from({ length: o ? c : n + 1 }, (e, i) => [
				`${r + n} ${u(n)}`,
				`${r + i} ${u(i)}`,
				W(d(n, i), 3),
				t.norms ? W(f(n, i), 3) : ""
			])).flat()
		})
	] });
}
function Ei(e) {
	let { size: t, start: n, text: r, value: i } = e, a = Array.from({ length: t }, (e, t) => t), o = e.largest ?? Math.max(1e-9, ...a.flatMap((e) => a.map((t) => i(e, t))));
	return /* @__PURE__ */ H(x, { children: [/* @__PURE__ */ H($r, {
		label: e.label,
		columns: t,
		rows: t,
		height: t <= Ci ? 18 : 12,
		...t <= Ci ? { text: (t, n) => t > n && !e.whole ? "" : W(i(n, t)) } : {},
		colour: (t, n) => t > n && !e.whole ? null : kr(i(n, t) / o),
		tell: (e, t) => `from ${n + t} ${r(t)} to ${n + e} ${r(e)}: ${W(i(t, e), 3)}`,
		rowName: (e) => `${n + e} ${r(e)}`,
		columnName: r
	}), /* @__PURE__ */ H(ui, {
		kind: "amount",
		low: "0",
		high: `${W(o)} ${e.unit}`
	})] });
}
function Di(e) {
	let { text: t, given: n, name: r, start: i } = e, a = Math.max(0, ...n.map(Math.abs));
	return /* @__PURE__ */ H(x, { children: [/* @__PURE__ */ H($r, {
		label: `What each token gives through ${r}`,
		columns: e.size,
		rows: 1,
		height: 26,
		colour: (e) => Or(n[i + e] ?? 0, a),
		tell: (e) => `${t(e)} gives ${G(n[i + e] ?? 0, 3)} logits through ${r}`,
		rowName: () => r,
		columnName: t
	}), /* @__PURE__ */ H(ui, {
		kind: "sign",
		...bi(a)
	})] });
}
// src/hooks/useTested.ts
function Z() {
	return L(Oi(I().followed()))?.result ?? null;
}
function Oi(e) {
	return e ? {
		ask: "explain",
		...e,
		test: !0,
		top: 10
	} : null;
}
// src/lib/carried.ts
var ki = .25, Ai = .1;
function ji(e, t) {
	let n = [...e].sort((e, t) => t.credit - e.credit)[0], r = e.slice(0, t);
	return !n || r.includes(n) ? r : [...r.slice(0, -1), n];
}
function Mi(e) {
	let t = e.heads.flatMap((t) => Ni(R(t), t, t.zeroed, Pi(e, t))), n = e.neurons.flatMap((e) => Ni(z(e), e, e.zeroed, Fi(e)));
	return [...t, ...n].sort((e, t) => Math.abs(t.effect.nats) - Math.abs(e.effect.nats));
}
function Ni(e, t, n, r) {
	if (!n) return [];
	let i = n.difference ?? n.effect, a = {
		...Li(i, e),
		does: [r, Ii(i, t.value)].filter(Boolean).join("; ")
	};
	return [{
		part: e,
		credit: t.value,
		effect: i,
		probability: n.probability,
		difference: n.difference !== null,
		says: a
	}];
}
function Pi(e, t) {
	let [n] = t.looks_at;
	return !n || n.attention < ki ? "" : !t.cross && n.position === 0 && e.position > 0 ? `rests on ${q(n.text)}` : `reads ${q(n.text)}`;
}
function Fi(e) {
	let [t] = e.promotes;
	return t ? `writes toward ${q(t.text)}` : "";
}
function Ii({ nats: e, verdict: t, size: n }, r) {
	return n === "none" || t === "ordinary" ? r > 1 ? "adds much, decides little" : "" : Math.abs(r) < Ai * Math.abs(e) ? "works through later parts" : "";
}
function Li({ verdict: e, size: t, rank: n, among: r, nats: i }, { kind: a }) {
	let o = `${r} ${a === "neuron" ? "neurons" : "heads"}`, s = i < 0;
	return t === "none" ? {
		tag: "hardly matters",
		kind: "ordinary"
	} : e === "ordinary" ? {
		tag: `like other ${a === "neuron" ? "neurons" : "heads"}`,
		kind: "ordinary"
	} : {
		tag: `${Ri(n)} of ${o}`,
		kind: s ? "carries" : "holds back"
	};
}
function Ri(e) {
	return `${e}${[
		11,
		12,
		13
	].includes(e % 100) ? "th" : {
		1: "st",
		2: "nd",
		3: "rd"
	}[e % 10] ?? "th"}`;
}
// src/lib/ledger.ts
function zi(e, t, n, r = () => !1, i = () => null) {
	let a = [...e].sort((e, t) => Math.abs(t.value) - Math.abs(e.value));
	n === "effect" && a.sort((e, t) => Math.abs(i(t) ?? 0) - Math.abs(i(e) ?? 0));
	let o = /* @__PURE__ */ new Set([...a.slice(0, t), ...a.filter(r)]), s = a.filter((e) => !o.has(e));
	return {
		shown: (n === "layer" ? e : a).filter((e) => o.has(e)),
		others: {
			count: s.length,
			value: Q(s.map((e) => e.value))
		},
		sum: Q(e.map((e) => e.value))
	};
}
function Bi(e, t, n) {
	return Math.max(e, Math.abs(n), ...t.map((e) => Math.abs(e.value)));
}
function Q(e) {
	let t = 0, n = 0;
	for (let r of e) {
		let e = t + r;
		n += Math.abs(t) >= Math.abs(r) ? t - e + r : r - e + t, t = e;
	}
	return t + n;
}
function Vi(e) {
	let t = Q(e.terms.map((e) => e.value)), n = Math.abs(t - e.value);
	return {
		sum: t,
		error: n,
		holds: n <= e.tolerance
	};
}
function Hi(e) {
	return [
		e.kind,
		e.layer,
		e.head,
		e.expert,
		e.neuron,
		e.source
	].join(" ");
}
function Ui(e, t) {
	let n = new Map(t.map((e) => [Hi(e), e]));
	return [...e.map((e) => {
		let t = n.get(Hi(e));
		return n.delete(Hi(e)), {
			term: e,
			a: e.value,
			b: t?.value ?? null
		};
	}), ...[...n.values()].map((e) => ({
		term: e,
		a: null,
		b: e.value
	}))];
}
// src/ui/Bar.tsx
function Wi(e) {
	let t = e.largest > 0 ? Math.min(Math.abs(e.value) / e.largest, 1) : 0;
	return /* @__PURE__ */ H("span", {
		class: "bar",
		"aria-hidden": "true",
		children: /* @__PURE__ */ H("span", {
			class: e.value < 0 ? "negative" : "positive",
			style: { width: `${t * 50}%` }
		})
	});
}
function Gi(e) {
	return /* @__PURE__ */ H("span", {
		class: `number${Ki(e.value, e.digits)}`,
		children: G(e.value, e.digits)
	});
}
function Ki(e, t) {
	let n = G(e, t);
	return /[1-9\u221e]/.test(n) ? e < 0 ? " negative" : " positive" : "";
}
// src/panels/Carried.tsx
var qi = 6;
function Ji() {
	let e = I(), t = e.explained.value, n = L(Oi(e.followed())), r = Z(), i = F(!1);
	if (!t) return null;
	let a = r ? Mi(r) : [], o = i.value ? a : ji(a, qi);
	return /* @__PURE__ */ H(J, {
		name: "carried",
		title: "What carried it",
		note: r ? Yi(r) : "Each part is being switched off …",
		children: [
			/* @__PURE__ */ H(U, { answer: n }),
			r ? /* @__PURE__ */ H(Xi, {
				tested: r,
				carriers: o
			}) : null,
			/* @__PURE__ */ H(Zi, { explained: t }),
			/* @__PURE__ */ H("p", {
				class: "controls end",
				children: [a.length > qi ? /* @__PURE__ */ H("button", {
					type: "button",
					"aria-pressed": i.value,
					onClick: () => i.value = !i.value,
					children: i.value ? "Fewer" : `All ${a.length} that were looked at`
				}) : null, /* @__PURE__ */ H("button", {
					type: "button",
					onClick: () => e.go("parts"),
					children: "All parts"
				})]
			})
		]
	});
}
function Yi({ control: e, model: t }) {
	let n = [e?.heads ? `all ${e.heads.count} heads` : "", e?.neurons ? `${e.neurons.count} active neurons` : ""].filter(Boolean);
	return `Each part alone set to zero ${t.bidirectional ? "at the blank" : "where the question is asked"}${n.length > 0 ? `, ranked among ${n.join(" and ")}` : ""}.`;
}
function Xi({ tested: e, carriers: t }) {
	let n = q(e.target.text.trim() || e.target.text), r = e.reference.kind === "versus", i = r ? e.ledger.value : e.target.probability, a = t.map((e) => r ? i + e.effect.nats : e.probability), o = r ? Math.max(i, ...a, 0) : 1, s = r ? Math.min(i, ...a, 0) : 0, c = (e) => `${100 * (e - s) / Math.max(o - s, 1e-12)}%`;
	return /* @__PURE__ */ H(di, {
		label: "Heads and neurons, one a row",
		children: /* @__PURE__ */ H("table", { children: [/* @__PURE__ */ H("thead", { children: /* @__PURE__ */ H("tr", { children: [
			/* @__PURE__ */ H("th", {
				scope: "col",
				children: "part"
			}),
			/* @__PURE__ */ H("th", {
				scope: "col",
				class: "number",
				title: "What it writes toward what is explained, directly: its row of the ledger",
				children: "adds, logits"
			}),
			/* @__PURE__ */ H("th", {
				scope: "col",
				class: "without-column wide-only",
				children: [r ? `lead of ${n} without it` : `${n} without it`, /* @__PURE__ */ H("span", {
					class: "mark-before",
					style: { left: c(i) },
					children: [r ? G(i) : K(i), " with it"]
				})]
			}),
			/* @__PURE__ */ H("th", {
				scope: "col",
				class: "number",
				children: "with → without"
			}),
			/* @__PURE__ */ H("th", {
				scope: "col",
				children: "what it does here"
			})
		] }) }), /* @__PURE__ */ H("tbody", { children: t.map((e, t) => {
			let n = a[t] ?? 0, o = r ? [G(i), G(n)] : Rr(i, n);
			return /* @__PURE__ */ H("tr", { children: [
				/* @__PURE__ */ H("th", {
					scope: "row",
					children: /* @__PURE__ */ H(Y, { part: e.part })
				}),
				/* @__PURE__ */ H("td", {
					class: "number wide-only",
					children: /* @__PURE__ */ H(Gi, { value: e.credit })
				}),
				/* @__PURE__ */ H("td", {
					class: "wide-only",
					children: /* @__PURE__ */ H("span", {
						class: `left ${n > i ? "more" : "less"}`,
						"aria-hidden": "true",
						children: [/* @__PURE__ */ H("i", { style: { width: c(n) } }), /* @__PURE__ */ H("b", { style: { left: c(i) } })]
					})
				}),
				/* @__PURE__ */ H("td", {
					class: "number",
					title: `${W(e.effect.nats)} nats`,
					children: [
						o[0],
						" → ",
						o[1]
					]
				}),
				/* @__PURE__ */ H("td", { children: [
					/* @__PURE__ */ H("span", {
						class: `tag ${e.says.kind.replace(" ", "-")}`,
						children: e.says.kind === "holds back" ? `holds it back, ${e.says.tag}` : e.says.tag
					}),
					" ",
					e.says.does
				] })
			] }, Ft(e.part));
		}) })] })
	});
}
function Zi({ explained: e }) {
	let { sum: t, error: n, holds: r } = Vi(e.ledger), { kind: i, text: a } = e.reference, o = i === "mean" ? "the model's own logit above the mean of the vocabulary" : i === "raw" ? "the model's own logit" : `the model's own lead over ${q(a ?? "")}`;
	return /* @__PURE__ */ H("p", {
		class: r ? "note" : "error",
		children: [
			"All ",
			e.ledger.terms.length,
			" parts add up to ",
			/* @__PURE__ */ H("strong", { children: G(t) }),
			", ",
			o,
			r ? " ✓" : `, which is ${G(e.ledger.value)}`,
			" ",
			/* @__PURE__ */ H("span", {
				class: "small",
				children: [
					"(off by ",
					Fr(n),
					")"
				]
			})
		]
	});
}
// src/lib/align.ts
function Qi(e, t) {
	let n = [], [r, i] = [0, 0];
	for (let [a, o] of [...ea(e, t), [e.length, t.length]]) {
		let s = a - r === o - i;
		for (; r < a;) n.push({
			a: r,
			b: s ? i : null,
			how: s ? "differs" : "alone"
		}), r += 1, s && (i += 1);
		for (; i < o; i += 1) n.push({
			a: null,
			b: i,
			how: "alone"
		});
		a < e.length && o < t.length && n.push({
			a,
			b: o,
			how: "same"
		}), [r, i] = [a + 1, o + 1];
	}
	return n;
}
function $i(e) {
	return e.flatMap(({ a: e, b: t }) => e === null || t === null ? [] : [[e, t]]);
}
function ea(e, t) {
	let n = 0;
	for (; n < e.length && n < t.length && e[n] === t[n];) n += 1;
	let r = 0;
	for (; r < Math.min(e.length, t.length) - n && e.at(-1 - r) === t.at(-1 - r);) r += 1;
	let i = ta(e.slice(n, e.length - r), t.slice(n, t.length - r));
	return [
		...Array.from({ length: n }, (e, t) => [t, t]),
		...i.map(([e, t]) => [e + n, t + n]),
		...Array.from({ length: r }, (n, i) => [e.length - r + i, t.length - r + i])
	];
}
function ta(e, t) {
	let n = t.length + 1, r = new Uint16Array((e.length + 1) * n), i = (e, t) => r[e * n + t] ?? 0;
	for (let a = e.length - 1; a >= 0; --a) for (let o = t.length - 1; o >= 0; --o) r[a * n + o] = e[a] === t[o] ? i(a + 1, o + 1) + 1 : Math.max(i(a + 1, o), i(a, o + 1));
	let a = [];
	for (let n = 0, r = 0; n < e.length && r < t.length;) e[n] === t[r] ? a.push([n++, r++]) : i(n + 1, r) >= i(n, r + 1) ? n += 1 : r += 1;
	return a;
}
// src/hooks/useCompared.ts
function na() {
	let e = I(), { b: t } = e.state.value, { position: n } = e.answered.value ?? e.state.value, r = e.explained.value, i = e.followed(), a = e.beside(), o = t !== null && t !== "" && r !== null && i !== null && t !== i[a], s = {
		...i,
		[a]: t,
		test: !1,
		top: 10
	};
	delete s.position;
	let c = L(o ? {
		ask: "explain",
		...s
	} : null), l = o && c?.result ? Qi(ra(r), ra(c.result)) : null, u = l && r ? $i(l).find(([e]) => e === r.position) : void 0, d = L(o && n !== null && u ? {
		ask: "explain",
		...s,
		position: u[1]
	} : null);
	if (!o) return null;
	let f = n === null ? c : u ? d : c?.result ? null : c;
	return {
		answer: f,
		result: f?.result ?? null,
		columns: l,
		mate: u?.[1] ?? null
	};
}
function ra(e) {
	return e.tokens.map((e) => e.id);
}
// src/ui/Token.tsx
function $(e) {
	return /* @__PURE__ */ H("bdi", {
		class: "token-text",
		children: q(e.text)
	});
}
function ia(e) {
	return /* @__PURE__ */ H("span", {
		class: "tokens",
		children: e.tokens.map((e, t) => /* @__PURE__ */ H("span", {
			class: "chip",
			children: /* @__PURE__ */ H($, { text: e.text })
		}, t))
	});
}
function aa(e) {
	return /* @__PURE__ */ H("span", {
		class: "chip",
		children: [
			/* @__PURE__ */ H($, { text: e.at.text }),
			" ",
			/* @__PURE__ */ H("span", {
				class: "small",
				children: W(e.at.attention)
			})
		]
	});
}
// src/panels/Patch.tsx
var oa = {
	resid_pre: "stream before a block",
	attention: "attention's write",
	mlp: "MLP's write"
};
function sa(e) {
	let t = I(), { a: n, target: r, vs: i } = t.answered.value ?? t.state.value, a = F("resid_pre"), { answer: o, result: s, stale: c } = At({
		ask: "patch",
		prompt: n,
		prompt_b: e.promptB,
		site: a.value,
		align: e.pairs,
		...r === null ? {} : { target: r },
		...i === null ? {} : { vs: i }
	});
	return /* @__PURE__ */ H("div", { children: [
		/* @__PURE__ */ H("h3", { children: [/* @__PURE__ */ H(X, {
			name: "patching",
			children: "Patching"
		}), ": B with one value of A at a time"] }),
		/* @__PURE__ */ H("p", {
			class: "controls",
			children: /* @__PURE__ */ H("label", { children: [
				"Value",
				" ",
				/* @__PURE__ */ H("select", {
					value: a.value,
					onChange: (e) => a.value = e.currentTarget.value,
					children: Object.entries(oa).map(([e, t]) => /* @__PURE__ */ H("option", {
						value: e,
						children: t
					}, e))
				})
			] })
		}),
		/* @__PURE__ */ H(U, { answer: o }),
		s ? /* @__PURE__ */ H("div", {
			class: c ? "stale" : "",
			children: /* @__PURE__ */ H(ca, { result: s })
		}) : null
	] });
}
function ca({ result: e }) {
	let t = I(), n = F(0), r = [...new Set(e.grid.map((e) => e.position ?? 0))].sort((e, t) => e - t), i = [...new Set(e.grid.map((e) => e.layer))].sort((e, t) => t - e), a = new Map(e.grid.map((e) => [`${e.layer} ${e.position ?? 0}`, e])), o = r.slice(n.value, n.value + 128), s = (e, t) => a.get(`${i[t]} ${o[e]}`), c = (t) => q(e.clean_tokens[t]?.text ?? ""), l = Math.max(1, ...e.grid.map((e) => Math.abs(e.effect ?? 0))), u = (t) => t ? `L${t.layer}, position ${t.position} ${c(t.position ?? 0)}: ${e.metric} ${W(t.value)}, effect ${G(t.effect ?? 0)}` : "", d = (e.target ?? []).map((e) => q(e.text)).join("");
	return /* @__PURE__ */ H(x, { children: [
		/* @__PURE__ */ H("p", {
			class: "note",
			children: [
				e.metric.replace("-", " "),
				" of ",
				d,
				e.versus ? ` over ${q(e.versus.text)}` : "",
				": ",
				W(e.clean),
				" in A,",
				" ",
				W(e.corrupt),
				" in B. ",
				e.complete ? "" : "Not all cells were computed."
			]
		}),
		/* @__PURE__ */ H(mi, {
			start: n,
			length: r.length,
			what: "tokens"
		}),
		/* @__PURE__ */ H($r, {
			label: "Effect of patching, by layer and token",
			columns: o.length,
			rows: i.length,
			colour: (e, t) => {
				let n = s(e, t);
				return n ? Or(n.effect ?? 0, l) : null;
			},
			tell: (e, t) => u(s(e, t)),
			rowName: (e) => `L${i[e]}`,
			columnName: (e) => c(o[e] ?? -1),
			...e.site.startsWith("resid") ? {} : { onChoose: (n, r) => t.select({
				kind: e.site === "mlp" ? "mlp" : "attention",
				layer: i[r] ?? 0
			}) }
		}),
		/* @__PURE__ */ H(ui, {
			kind: "sign",
			low: `${G(-l, 1)} away from A`,
			high: `${G(l, 1)}${l === 1 ? ", as A" : ""}`,
			middle: l === 1 ? "0, as B" : "0, as B; +1 is as A"
		}),
		/* @__PURE__ */ H(fi, {
			label: "effect of patching",
			head: [
				"layer",
				"position",
				e.metric,
				"effect"
			],
			rows: () => e.grid.filter((e) => o.includes(e.position ?? 0)).map((e) => [
				`L${e.layer}`,
				`${e.position} ${c(e.position ?? 0)}`,
				W(e.value),
				e.effect === null ? "—" : G(e.effect)
			])
		})
	] });
}
// src/panels/Compare.tsx
var la = 12;
function ua() {
	let e = I(), t = e.explained.value, n = na(), { b: r } = e.state.value;
	if (!t) return null;
	if (!n) return /* @__PURE__ */ H(J, {
		name: "compare",
		title: "Compare A and B",
		note: `A second ${e.beside()}, best with as many tokens: its ledger is set beside this one's, and its values are put in here to see which bring its answer.`,
		children: /* @__PURE__ */ H(da, {})
	});
	let i = n.columns ? $i(n.columns) : [];
	return /* @__PURE__ */ H(J, {
		name: "compare",
		title: "Compare A and B",
		children: [
			/* @__PURE__ */ H(da, {}),
			/* @__PURE__ */ H(U, { answer: n.answer }),
			/* @__PURE__ */ H(fa, {
				explained: t,
				compared: n
			}),
			n.columns && n.mate === null ? /* @__PURE__ */ H("p", {
				class: "error",
				children: "The explained position of A has no partner in B, so the two ledgers are not set side by side."
			}) : null,
			/* @__PURE__ */ H("div", {
				class: "side-by-side wide",
				children: [n.result && n.mate !== null ? /* @__PURE__ */ H(ma, {
					a: t,
					b: n.result
				}) : null, e.reads() === null && i.length > 0 && n.mate !== null ? t.position === t.asks ? /* @__PURE__ */ H(sa, {
					pairs: i,
					promptB: r ?? ""
				}) : /* @__PURE__ */ H("p", {
					class: "note",
					children: "Patching is read at the last token; choose it to see this map."
				}) : null]
			})
		]
	});
}
function da() {
	let e = I(), { a: t, b: n, source: r } = e.state.value, i = e.beside(), a = e.data.host !== "report" && e.reads() !== "audio";
	return n === null ? /* @__PURE__ */ H("button", {
		type: "button",
		disabled: !a,
		onClick: () => e.set({ b: i === "source" ? r : t }),
		children: [
			"A | B: add ",
			i,
			" B"
		]
	}) : /* @__PURE__ */ H("div", {
		class: "fields",
		children: [/* @__PURE__ */ H(tr, {
			name: "b",
			label: i === "source" ? "Source B" : "Prompt B",
			wide: !0,
			live: a
		}), /* @__PURE__ */ H("button", {
			type: "button",
			disabled: !a,
			onClick: () => e.set({ b: null }),
			children: "Without B"
		})]
	});
}
function fa({ explained: e, compared: t }) {
	let n = t.result?.tokens ?? [];
	if (!t.columns || !t.result) return null;
	let r = {
		same: "=",
		differs: "≠",
		alone: "∅"
	};
	return /* @__PURE__ */ H(di, {
		label: "Tokens of A and B",
		children: [/* @__PURE__ */ H("table", {
			class: "columns",
			children: /* @__PURE__ */ H("tbody", { children: [
				/* @__PURE__ */ H("tr", { children: [/* @__PURE__ */ H("th", {
					scope: "row",
					children: "A"
				}), t.columns.map(({ a: t, how: n }, r) => /* @__PURE__ */ H("td", {
					class: n,
					children: t === null ? "—" : /* @__PURE__ */ H($, { text: e.tokens[t]?.text ?? "" })
				}, r))] }),
				/* @__PURE__ */ H("tr", { children: [/* @__PURE__ */ H("th", {
					scope: "row",
					children: /* @__PURE__ */ H("span", {
						class: "hidden",
						children: "aligned"
					})
				}), t.columns.map(({ how: e }, t) => /* @__PURE__ */ H("td", {
					class: e,
					title: e,
					children: [r[e], /* @__PURE__ */ H("span", {
						class: "hidden",
						children: e
					})]
				}, t))] }),
				/* @__PURE__ */ H("tr", { children: [/* @__PURE__ */ H("th", {
					scope: "row",
					children: "B"
				}), t.columns.map(({ b: e, how: t }, r) => /* @__PURE__ */ H("td", {
					class: t,
					children: e === null ? "—" : /* @__PURE__ */ H($, { text: n[e]?.text ?? "" })
				}, r))] })
			] })
		}), /* @__PURE__ */ H("p", {
			class: "note",
			children: "= equal; ≠ replaced, set side by side; ∅ without a partner."
		})]
	});
}
var pa = (e) => (e.a ?? 0) - (e.b ?? 0);
function ma({ a: e, b: t }) {
	let n = Ui(e.ledger.terms, t.ledger.terms).sort((e, t) => Math.abs(pa(t)) - Math.abs(pa(e))), r = n.slice(0, la), i = n.slice(la), a = Math.max(0, ...n.map((e) => Math.abs(pa(e)))), o = (e) => [
		Q(e.map((e) => e.a ?? 0)),
		Q(e.map((e) => e.b ?? 0)),
		Q(e.map(pa))
	];
	return /* @__PURE__ */ H("table", {
		class: "differences",
		children: [
			/* @__PURE__ */ H("caption", { children: [
				"Ledger of ",
				/* @__PURE__ */ H($, { text: e.target.text }),
				": ",
				K(e.target.probability),
				" in A,",
				" ",
				K(t.target.probability),
				" in B"
			] }),
			/* @__PURE__ */ H("thead", { children: /* @__PURE__ */ H("tr", { children: [
				/* @__PURE__ */ H("th", {
					scope: "col",
					children: "part"
				}),
				/* @__PURE__ */ H("th", {
					scope: "col",
					class: "number",
					children: "A"
				}),
				/* @__PURE__ */ H("th", {
					scope: "col",
					class: "number",
					children: "B"
				}),
				/* @__PURE__ */ H("th", {
					scope: "col",
					class: "number",
					children: "A − B"
				}),
				/* @__PURE__ */ H("th", {
					scope: "col",
					class: "wide-only",
					children: /* @__PURE__ */ H("span", {
						class: "hidden",
						children: "bar"
					})
				})
			] }) }),
			/* @__PURE__ */ H("tbody", { children: [r.map((e) => {
				let t = Gt(e.term);
				return /* @__PURE__ */ H("tr", { children: [
					/* @__PURE__ */ H("th", {
						scope: "row",
						children: t ? /* @__PURE__ */ H(Y, { part: t }) : Wt(e.term)
					}),
					/* @__PURE__ */ H("td", {
						class: "number",
						children: e.a === null ? "—" : G(e.a)
					}),
					/* @__PURE__ */ H("td", {
						class: "number",
						children: e.b === null ? "—" : G(e.b)
					}),
					/* @__PURE__ */ H("td", {
						class: "number",
						children: /* @__PURE__ */ H(Gi, { value: pa(e) })
					}),
					/* @__PURE__ */ H("td", {
						class: "wide-only",
						children: /* @__PURE__ */ H(Wi, {
							value: pa(e),
							largest: a
						})
					})
				] }, Hi(e.term));
			}), /* @__PURE__ */ H(ha, {
				name: `${i.length} others (net)`,
				sums: o(i)
			})] }),
			/* @__PURE__ */ H("tfoot", { children: /* @__PURE__ */ H(ha, {
				name: "total",
				sums: o(n)
			}) })
		]
	});
}
function ha({ name: e, sums: t }) {
	return /* @__PURE__ */ H("tr", {
		class: e === "total" ? "total" : "others",
		children: [
			/* @__PURE__ */ H("th", {
				scope: "row",
				children: e
			}),
			t.map((e, t) => /* @__PURE__ */ H("td", {
				class: "number",
				children: G(e)
			}, t)),
			/* @__PURE__ */ H("td", { class: "wide-only" })
		]
	});
}
// src/lib/effects.ts
function ga(e, t) {
	let n = _a(e, t);
	if (n) {
		let e = n.difference ?? n.effect;
		return {
			nats: e.nats,
			probability: n.probability,
			effect: e
		};
	}
	if (t.head === void 0 || t.encoder) return null;
	let r = e.head_effects.find((e) => e.layer === t.layer && e.head === t.head && (e.cross ?? !1) === Lt(t));
	return r ? {
		...r,
		effect: null
	} : null;
}
function _a(e, t) {
	if (t.encoder) return null;
	let { layer: n } = t;
	return (t.head === void 0 ? t.kind === "neuron" ? e.neurons.find((e) => e.layer === n && e.neuron === t.neuron && (e.expert ?? void 0) === t.expert) : e.sublayers.find((e) => e.kind === t.kind && e.layer === n) : e.heads.find((e) => e.cross === Lt(t) && e.layer === n && e.head === t.head))?.zeroed ?? null;
}
function va({ reference: e, ledger: t, target: n }, { nats: r, probability: i }) {
	return e.kind === "versus" ? [G(t.value), G(t.value + r)] : Rr(n.probability, i);
}
function ya(e) {
	let t = [...new Set(e.map((e) => e.layer))].sort((e, t) => e - t), n = new Map(e.map((e) => [ba(e), e]));
	return {
		layers: t,
		rows: [!1, !0].flatMap((t) => [...new Set(e.filter((e) => (e.cross ?? !1) === t).map((e) => e.head))].sort((e, t) => e - t).map((e) => ({
			name: `${t ? "X" : "H"}${e}`,
			at: (r) => n.get(ba({
				layer: r,
				head: e,
				cross: t
			}))
		}))),
		largest: Math.max(0, ...e.map((e) => Math.abs(e.nats)))
	};
}
function ba({ layer: e, head: t, cross: n }) {
	return `${e} ${t} ${n ?? !1}`;
}
function xa(e) {
	return V(R(e));
}
// src/panels/Effects.tsx
function Sa() {
	let e = Z();
	return !e || e.head_effects.length === 0 ? null : /* @__PURE__ */ H(J, {
		name: "effects",
		title: /* @__PURE__ */ H(x, { children: [
			"Every ",
			/* @__PURE__ */ H(X, {
				name: "attention head",
				children: "head"
			}),
			" switched off"
		] }),
		note: /* @__PURE__ */ H(x, { children: [
			"The ",
			Ea(e) ? "lead" : "probability",
			" of ",
			Ta(e),
			" with one head at a time",
			" ",
			/* @__PURE__ */ H(X, {
				name: "zeroed",
				children: "set to zero"
			}),
			". A cell chooses its head."
		] }),
		children: /* @__PURE__ */ H(Ca, { tested: e })
	});
}
function Ca({ tested: e }) {
	let t = I(), { layers: n, rows: r, largest: i } = ya(e.head_effects), a = (e, t) => r[t]?.at(n[e] ?? -1), { selection: o } = t.state.value, s = r.flatMap((e, t) => n.map((e, n) => [n, t])), c = ([e, t]) => Math.abs(a(e, t)?.nats ?? 0), l = s.reduce((e, t) => c(t) > c(e) ? t : e, [0, 0]);
	return /* @__PURE__ */ H(x, { children: [
		/* @__PURE__ */ H($r, {
			label: `Effect of zeroing each head on ${Ta(e)}, by head and layer`,
			columns: n.length,
			rows: r.length,
			height: r.length > 16 ? 12 : 16,
			colour: (e, t) => {
				let n = a(e, t);
				return n ? Or(-n.nats, i) : null;
			},
			rest: l,
			tell: (t, n) => wa(e, a(t, n)),
			rowName: (e) => r[e]?.name ?? "",
			columnName: (e) => `L${n[e]}`,
			marked: (e, t) => {
				let n = a(e, t);
				return n !== void 0 && o !== null && B(R(n), o);
			},
			onChoose: (e, n) => {
				let r = a(e, n);
				r && t.select(R(r));
			}
		}),
		/* @__PURE__ */ H(ui, {
			kind: "sign",
			low: `rises by ${W(i)} nats without it`,
			high: `falls by ${W(i)} nats without it`,
			middle: "no change"
		}),
		/* @__PURE__ */ H(fi, {
			label: "effect of zeroing each head",
			head: [
				"head",
				"nats",
				Ta(e)
			],
			rows: () => [...e.head_effects].sort((e, t) => Math.abs(t.nats) - Math.abs(e.nats)).map((t) => [
				xa(t),
				G(t.nats),
				va(e, t).join(" → ")
			])
		})
	] });
}
function wa(e, t) {
	if (!t) return "";
	let [n, r] = va(e, t);
	return `${xa(t)}: ${Ta(e)} ${n} → ${r} without it (${G(t.nats)} nats)`;
}
function Ta({ target: e }) {
	return q(e.text.trim() || e.text);
}
function Ea({ reference: e }) {
	return e.kind === "versus";
}
// src/lib/flow.ts
var Da = 60;
function Oa(e, t, n = Da) {
	let r = /* @__PURE__ */ new Map([[ka, Aa(e)]]), i = /* @__PURE__ */ new Map(), a = [], o = [], s = [...e.paths].sort((e, t) => Math.abs(t.value) - Math.abs(e.value));
	for (let c of s) {
		if (Math.abs(c.value) < t * Math.abs(e.value)) break;
		let s = [ja(c), ...c.steps.map(Ma)], l = s.filter((e) => !r.has(e.id));
		if (r.size + l.length > n) break;
		for (let e of l) r.set(e.id, e);
		let u = [...s.map((e) => e.id), ka];
		u.slice(1).forEach((e, t) => {
			let n = u[t], r = i.get(`${n} ${e}`) ?? {
				from: n,
				to: e,
				value: 0
			};
			i.set(`${n} ${e}`, {
				...r,
				value: r.value + c.value
			});
		}), a.push(c), o.push(u);
	}
	return {
		nodes: [...r.values()],
		edges: [...i.values()],
		paths: a,
		along: o,
		remainder: {
			count: e.paths.length - a.length + e.small_count,
			value: e.value - Q(a.map((e) => e.value))
		}
	};
}
var ka = "output";
function Aa(e) {
	let { position: t, model: n } = e;
	return {
		id: ka,
		label: "",
		position: t,
		ofSource: !1,
		height: n.layers,
		carries: !1,
		source: null,
		part: null
	};
}
function ja(e) {
	let { kind: t, layer: n, position: r } = e, i = e.of_source ?? !1, a = i && !t.startsWith("cross"), o = n === null ? -1 : n + (t.startsWith("cross") ? .3 : .6);
	return {
		id: `${Ut(t, a)} ${n} ${r}`,
		label: Ut(Wt({
			kind: t,
			layer: n
		}), a),
		position: r,
		ofSource: i,
		height: Ia(o, a),
		carries: !1,
		source: null,
		part: t === "mlp" && n !== null ? {
			kind: "mlp",
			layer: n,
			...a ? { encoder: a } : {}
		} : null
	};
}
function Ma(e) {
	let { layer: t, head: n, source: r, destination: i } = e, a = e.encoder ?? !1, o = R(e);
	return {
		id: `${Ut(o.kind, a)} ${t} ${n} ${r} ${i}`,
		label: V(o),
		position: i,
		ofSource: a,
		height: Ia(t + (e.cross ? .4 : .2), a),
		carries: !0,
		source: {
			ofSource: a || (e.cross ?? !1),
			position: r
		},
		part: o
	};
}
function Na(e, t) {
	let n = e.along.map((t, n) => ({
		ids: t,
		path: e.paths[n]
	})).filter(({ ids: e }) => e.includes(t)), r = n.flatMap(({ ids: e }) => e.slice(1).map((t, n) => `${e[n]} ${t}`));
	return {
		paths: n.map(({ path: e }) => e),
		value: Q(n.map(({ path: e }) => e.value)),
		lit: /* @__PURE__ */ new Set([...n.flatMap(({ ids: e }) => e), ...r])
	};
}
function Pa(e, t) {
	let n = (t) => e.filter((e) => e.label === t).length > 1;
	return new Map(e.map((e) => e.source && n(e.label) ? [e.id, `${e.label} from ${t(e.source)}`] : [e.id, e.label.endsWith("embedding") ? `${e.label} ${t(e)}` : e.label]));
}
var Fa = -1e6;
function Ia(e, t) {
	return t ? Fa + e : e;
}
function La(e) {
	return [...new Map(e.map(({ ofSource: e, position: t }) => [Ra({
		ofSource: e,
		position: t
	}), {
		ofSource: e,
		position: t
	}])).values()].sort((e, t) => Number(t.ofSource) - Number(e.ofSource) || e.position - t.position);
}
function Ra({ ofSource: e, position: t }) {
	return `${e ? "source" : "prompt"} ${t}`;
}
function za(e, { ofSource: t, position: n }) {
	return (t ? e.sources?.[n]?.label : e.tokens[n]?.text) ?? "";
}
function Ba(e, t) {
	let n = ja(e), r = e.steps.map(Ma).map((e) => ` → ${e.label} (to ${e.position} ${t(e)})`);
	return `${n.label} at ${e.position} ${t(n)}${r.join("")}`;
}
// src/lib/route.ts
var Va = 24, Ha = 24, Ua = 24, Wa = 4;
function Ga(e, t, n, r = Infinity) {
	let i = {
		x: (e.x + t.x) / 2,
		y: (e.y + t.y) / 2
	};
	for (let a = 0; a <= Ua; a++) for (let o of a === 0 ? [0] : [1, -1]) {
		let s = {
			x: i.x + o * a * Ha,
			y: i.y
		};
		if (qa(e, s, t, n, r)) return s;
	}
	return i;
}
function Ka(e, t, n, r) {
	let [i, a, o] = [
		(1 - r) ** 2,
		2 * r * (1 - r),
		r ** 2
	];
	return {
		x: i * e.x + a * t.x + o * n.x,
		y: i * e.y + a * t.y + o * n.y
	};
}
function qa(e, t, n, r, i) {
	for (let a = 1; a < Va; a++) {
		let o = Ka(e, t, n, a / Va);
		if (o.x > i || Number.isFinite(i) && o.x < 0 || r.some((e) => Ja(o, e))) return !1;
	}
	return !0;
}
function Ja({ x: e, y: t }, n) {
	return Math.abs(e - n.x) < n.width / 2 + Wa && Math.abs(t - n.y) < n.height / 2 + Wa;
}
// src/panels/Flow.tsx
var Ya = 34, Xa = 20, Za = 6.6, Qa = 18, $a = 420;
function eo() {
	let e = I(), t = e.explained.value, n = e.followed(), { answer: r, result: i, stale: a } = At(n ? {
		ask: "paths",
		...n
	} : null), o = F(2);
	return /* @__PURE__ */ H("div", {
		class: "flow-place",
		children: t ? /* @__PURE__ */ H(J, {
			name: "flow",
			title: "Flow",
			note: /* @__PURE__ */ H(x, { children: [/* @__PURE__ */ H(X, {
				name: "path",
				children: "Paths"
			}), " from where something is written, through heads, to the prediction. A band is a token; layers go up. Solid orange raises, dashed purple lowers; the wider, the more."] }),
			children: [
				e.reads() === null ? null : /* @__PURE__ */ H("p", {
					class: "note",
					children: "Columns with the mark “enc.” are positions of the source; paths start in the encoder (enc.) and cross to the prompt by heads of cross-attention (X)."
				}),
				/* @__PURE__ */ H(U, { answer: r }),
				i ? /* @__PURE__ */ H("div", {
					class: a ? "stale" : "",
					children: [/* @__PURE__ */ H("label", {
						class: "controls",
						children: [
							"Paths of at least ",
							o.value,
							"% of the logit",
							" ",
							/* @__PURE__ */ H("input", {
								type: "range",
								min: .5,
								max: 10,
								step: .5,
								value: o.value,
								onInput: (e) => o.value = Number(e.currentTarget.value)
							})
						]
					}), /* @__PURE__ */ H(to, {
						payload: i,
						flow: Oa(i, o.value / 100)
					})]
				}) : null
			]
		}) : null
	});
}
function to({ payload: e, flow: t }) {
	let n = (t) => q(za(e, t)), r = A(null), i = F(0), a = F(null);
	Jr(() => {
		i.value = r.current?.clientWidth ?? 0;
	});
	let o = Pa(t.nodes, n);
	o.set("output", `${q(e.target.text)} ${G(e.value)}`);
	let { boxes: s, bands: c, width: l, height: u } = no(t.nodes, o, i.value), d = Math.max(0, ...t.edges.map((e) => Math.abs(e.value))), f = a.value !== null && s.has(a.value) ? a.value : null, p = f === null ? null : Na(t, f), m = (e) => p && !p.lit.has(e) ? " faded" : "";
	return /* @__PURE__ */ H(x, { children: [
		/* @__PURE__ */ H("div", {
			ref: r,
			children: /* @__PURE__ */ H(di, {
				label: "Flow graph",
				children: /* @__PURE__ */ H("svg", {
					class: "flow",
					width: l,
					height: u,
					viewBox: `0 0 ${l} ${u}`,
					children: [
						/* @__PURE__ */ H("title", { children: `${t.paths.length} paths to ${q(e.target.text)}` }),
						c.map((e, t) => /* @__PURE__ */ H("g", {
							class: "band-of-token",
							children: [
								/* @__PURE__ */ H("rect", {
									x: e.x,
									y: 0,
									width: e.width,
									height: u,
									class: t % 2 ? "odd" : ""
								}),
								/* @__PURE__ */ H("rect", {
									class: "token-node",
									x: e.x + 4,
									y: u - 26,
									width: e.width - 8,
									height: 20,
									rx: 4
								}),
								/* @__PURE__ */ H("text", {
									x: e.x + e.width / 2,
									y: u - 12,
									children: [
										Ut(String(e.column.position), e.column.ofSource),
										" ",
										n(e.column)
									]
								})
							]
						}, Ra(e.column))),
						t.edges.map((e) => {
							let t = `${e.from} ${e.to}`, n = d > 0 ? Math.abs(e.value) / d : 0;
							return /* @__PURE__ */ H("path", {
								class: `edge ${e.value < 0 ? "negative" : "positive"}${m(t)}`,
								d: ro(e.from, e.to, s, l),
								"stroke-width": 1 + 6 * n,
								children: /* @__PURE__ */ H("title", { children: G(e.value) })
							}, t);
						}),
						t.nodes.map((e) => /* @__PURE__ */ H(io, {
							node: e,
							box: s.get(e.id),
							label: o.get(e.id) ?? e.label,
							faded: m(e.id),
							onOver: (t) => a.value = t ? e.id : null
						}, e.id))
					]
				})
			})
		}),
		/* @__PURE__ */ H("p", {
			class: "told",
			"aria-live": "polite",
			children: p && f !== null ? /* @__PURE__ */ H(x, { children: [
				/* @__PURE__ */ H("strong", { children: o.get(f) }),
				": ",
				p.paths.length,
				" of the paths run through it, together",
				" ",
				G(p.value),
				" logits.",
				" ",
				p.paths.slice(0, 3).map((e, t) => /* @__PURE__ */ H("span", {
					class: "chip",
					children: [
						Ba(e, n),
						" ",
						/* @__PURE__ */ H("span", {
							class: "small",
							children: G(e.value)
						})
					]
				}, t))
			] }) : "Point at a node, or go to it with Tab, to see what runs through it."
		}),
		/* @__PURE__ */ H("p", {
			class: "note",
			children: [
				t.paths.length,
				" paths carry ",
				G(Q(t.paths.map((e) => e.value))),
				" of ",
				G(e.value),
				";",
				" ",
				/* @__PURE__ */ H("strong", { children: [
					t.remainder.count,
					" other paths, constants and unopened heads (net) ",
					G(t.remainder.value)
				] }),
				" ",
				"(",
				Lr(Math.abs(t.remainder.value / e.value)),
				" of the logit)."
			]
		}),
		/* @__PURE__ */ H(fi, {
			label: "paths",
			head: ["path", "logits"],
			rows: () => [...t.paths.map((e) => [Ba(e, n), G(e.value)]), ["all others (net)", G(t.remainder.value)]]
		})
	] });
}
function no(e, t, n) {
	let r = [...new Set(e.map((e) => e.height))].sort((e, t) => t - e), i = La(e), a = (e) => Math.max((t.get(e.id) ?? "").length * Za + 12, 34), o = i.map((t) => e.filter((e) => Ra(e) === Ra(t))), s = (e) => r.flatMap((t, n) => [!0, !1].map((r) => ({
		level: n,
		side: r ? -1 : 1,
		row: e.filter((e) => e.height === t && e.carries === r)
	}))), c = o.map((e) => {
		let t = s(e).map(({ row: e }) => e.reduce((e, t) => e + a(t) + Qa, Qa));
		return Math.max(90, e.length > r.length / 2 ? $a : 0, 2 * Math.max(...t));
	}), l = Q(c), u = Math.max(1, n / l), d = /* @__PURE__ */ new Map(), f = [], p = 0;
	return i.forEach((e, t) => {
		let n = o[t] ?? [], i = (c[t] ?? 0) * u;
		f.push({
			column: e,
			x: p,
			width: i
		});
		for (let { level: e, side: t, row: o } of s(n)) {
			let s = o.reduce((e, t) => e + a(t) + Qa, 0), c = Math.min(i / 2 * Math.sqrt(e / r.length), i / 2 - s);
			for (let r of o) {
				let o = a(r), s = r.id === "output" || n.length === 1 ? 0 : Math.max(c, Qa) + o / 2;
				d.set(r.id, {
					x: p + i / 2 + t * s,
					y: e * Ya + Xa,
					width: o,
					height: Xa
				}), c += o + Qa;
			}
		}
		p += i;
	}), {
		boxes: d,
		bands: f,
		width: Math.max(l, n),
		height: r.length * Ya + 46
	};
}
function ro(e, t, n, r) {
	let [i, a] = [n.get(e), n.get(t)];
	if (!i || !a) return "";
	let o = [...n].flatMap(([n, r]) => n === e || n === t ? [] : [r]), [s, c] = [{
		x: i.x,
		y: i.y - Xa / 2
	}, {
		x: a.x,
		y: a.y + Xa / 2
	}], l = Ga(s, c, o, r);
	return `M${s.x},${s.y} Q${l.x},${l.y} ${c.x},${c.y}`;
}
function io({ node: e, box: t, label: n, faded: r, onOver: i }) {
	let a = I(), { part: o } = e, s = o !== null && B(o, a.state.value.selection), c = (e) => {
		i(e), a.hovered.value = e ? o : null;
	}, l = () => {
		o && a.select(s ? null : o);
	}, u = o !== null && B(o, a.hovered.value);
	return /* @__PURE__ */ H("g", {
		class: `spot${o ? " choosable" : ""}${u ? " hovered" : ""}${r}`,
		role: "button",
		tabIndex: 0,
		"aria-pressed": s,
		"aria-label": n,
		onClick: l,
		onKeyDown: (e) => {
			(e.key === "Enter" || e.key === " ") && (l(), e.preventDefault());
		},
		onMouseEnter: () => c(!0),
		onMouseLeave: () => c(!1),
		onFocus: () => c(!0),
		onBlur: () => c(!1),
		children: [/* @__PURE__ */ H("rect", {
			x: t.x - t.width / 2,
			y: t.y - t.height / 2,
			width: t.width,
			height: t.height,
			rx: e.carries ? 9 : 2
		}), /* @__PURE__ */ H("text", {
			x: t.x,
			y: t.y + 4,
			children: n
		})]
	});
}
// src/panels/Generation.tsx
var ao = 12;
function oo() {
	let e = I(), t = e.continued, { a: n, source: r } = e.state.value, i = {
		ask: "generate",
		...In({
			prompt: n,
			source: r
		}),
		tokens: ao
	}, a = L(t.value && so(t.value, i, e.desk.peek(t.value)) ? t.value : null);
	return !e.explained.value || e.data.host === "report" ? null : /* @__PURE__ */ H(J, {
		name: "generation",
		title: "Generation",
		note: "What the model writes next, taking the top token each time.",
		children: [
			/* @__PURE__ */ H("button", {
				type: "button",
				onClick: () => t.value = i,
				children: [
					"Continue by ",
					ao,
					" tokens"
				]
			}),
			/* @__PURE__ */ H(U, { answer: a }),
			a?.result ? /* @__PURE__ */ H(co, { result: a.result }) : null
		]
	});
}
function so(e, t, n) {
	return [e.prompt, n?.whole].includes(t.prompt) && e.source === t.source;
}
function co({ result: e }) {
	let t = I(), { whole: n } = e, { position: r, target: i } = t.state.value;
	return /* @__PURE__ */ H(x, { children: [n === null ? /* @__PURE__ */ H("p", {
		class: "note",
		children: "No text has exactly these tokens, so they cannot be explained one by one."
	}) : null, /* @__PURE__ */ H("ol", {
		class: "strip",
		children: e.generated.map((e) => /* @__PURE__ */ H("li", { children: /* @__PURE__ */ H("button", {
			type: "button",
			class: "token",
			title: "Why this token?",
			"aria-pressed": r === e.position - 1 && i === An(e),
			disabled: n === null,
			onClick: () => t.set({
				view: "why",
				a: n ?? "",
				position: e.position - 1,
				target: An(e)
			}),
			children: [/* @__PURE__ */ H($, { text: e.text }), /* @__PURE__ */ H("span", {
				class: "index",
				children: K(e.probability)
			})]
		}) }, e.position))
	})] });
}
// src/ui/Tested.tsx
function lo(e) {
	let t = I(), n = t.followed(), r = e.tests.some((e) => e.how === "swap"), { b: i } = t.state.value, a = r && i === null, o = L(n && !a ? {
		ask: "test",
		...n,
		target: e.target ?? n.target,
		tests: e.tests,
		...r ? { [`${t.beside()}_b`]: i } : {}
	} : null), s = o?.result ?? null, c = t.explained.value, l = e.target === void 0 && c?.reference.kind === "versus" ? c.ledger.value : null;
	return Me(() => {
		s && e.say && (t.said.value = `${e.say}: ${fo(s, l).join(" → ")}`);
	}, [s, e.say]), a ? /* @__PURE__ */ H("p", {
		class: "error",
		children: "A swap takes its value from B: open it with A | B."
	}) : /* @__PURE__ */ H(x, { children: [/* @__PURE__ */ H(U, { answer: o }), s ? /* @__PURE__ */ H(uo, {
		result: s,
		note: e.note,
		live: !e.say,
		lead: l
	}) : null] });
}
function uo(e) {
	let { result: t, note: n, live: r, lead: i } = e, { target_before: a, target_after: o, effect: s, control: c } = t, [l, u] = fo(t, i);
	return /* @__PURE__ */ H("div", {
		class: "before-after",
		"aria-live": r ? "polite" : "off",
		children: [
			/* @__PURE__ */ H("p", {
				class: "big",
				children: [
					i === null ? "" : "lead of ",
					/* @__PURE__ */ H($, { text: a.text }),
					" ",
					l,
					" → ",
					u
				]
			}),
			i === null ? null : /* @__PURE__ */ H("p", {
				class: "note",
				children: ["Its probability: ", fo(t, null).join(" → ")]
			}),
			/* @__PURE__ */ H(ho, {
				before: a.probability,
				after: o.probability,
				limit: c?.limit ?? null
			}),
			/* @__PURE__ */ H("p", {
				class: "note",
				children: [
					"With ",
					n,
					": ",
					G(t.nats),
					" ",
					/* @__PURE__ */ H(X, { name: "nats" }),
					". ",
					po(t),
					" ",
					s ? /* @__PURE__ */ H("strong", { children: Ur(s) }) : null
				]
			}),
			/* @__PURE__ */ H("p", {
				class: "note",
				children: ["Then: ", /* @__PURE__ */ H(mo, { tokens: t.after.slice(0, 3) })]
			})
		]
	});
}
function fo(e, t) {
	return t === null ? Rr(e.target_before.probability, e.target_after.probability) : [G(t), G(t + e.nats)];
}
function po({ tests: e, effect: t, control: n }) {
	if (!t || !n) return /* @__PURE__ */ H(x, { children: "No control for this kind of test." });
	let r = e.length > 1 ? "sets of as many random neurons of these layers" : "others of its kind";
	return /* @__PURE__ */ H(x, { children: [
		/* @__PURE__ */ H(X, {
			name: "control",
			children: "Control"
		}),
		": ",
		t.rank,
		" of ",
		t.among,
		" by size, beside ",
		n.count,
		" ",
		r,
		n.limit === null ? ", too few for a verdict." : "."
	] });
}
function mo(e) {
	return /* @__PURE__ */ H(x, { children: e.tokens.map((e, t) => /* @__PURE__ */ H("span", {
		class: "chip",
		children: [
			/* @__PURE__ */ H($, { text: e.text }),
			" ",
			/* @__PURE__ */ H("span", {
				class: "small",
				children: K(e.probability)
			})
		]
	}, t)) });
}
function ho(e) {
	let t = (e) => 4 + e * 192, [n, r] = [-1, 1].map((n) => t(go(e.before, n * (e.limit ?? 0))));
	return /* @__PURE__ */ H("svg", {
		class: "scale",
		viewBox: "0 0 200 26",
		"aria-hidden": "true",
		children: [
			/* @__PURE__ */ H("line", {
				x1: 4,
				x2: 196,
				y1: 14,
				y2: 14,
				class: "axis"
			}),
			e.limit === null ? null : /* @__PURE__ */ H("rect", {
				x: n,
				y: 7,
				width: Math.max(r - n, 1),
				height: 14,
				class: "band"
			}),
			/* @__PURE__ */ H("line", {
				x1: t(e.before),
				x2: t(e.after),
				y1: 14,
				y2: 14,
				class: "move"
			}),
			/* @__PURE__ */ H("circle", {
				cx: t(e.before),
				cy: 14,
				r: 4,
				class: "before"
			}),
			/* @__PURE__ */ H("circle", {
				cx: t(e.after),
				cy: 14,
				r: 4,
				class: "after"
			})
		]
	});
}
function go(e, t) {
	let n = e * Math.exp(t);
	return n / (1 - e + n);
}
// src/panels/Inspector.tsx
var _o = {
	zero: "its output set to zero",
	double: "its output doubled",
	mean: "its output set to its mean",
	swap: "its output taken from B"
}, vo = {
	zero: "zeroed",
	double: "doubled",
	mean: "at its mean",
	swap: "taken from B"
};
function yo() {
	let e = I(), { selection: t } = e.state.value, n = e.followed(), { answer: r, result: i, stale: a } = At(n && t ? {
		ask: "inspect",
		...n,
		part: t
	} : null);
	return e.explained.value ? t ? /* @__PURE__ */ H(J, {
		name: "inspector",
		title: `Inspector: ${V(t)}`,
		children: [
			/* @__PURE__ */ H("button", {
				type: "button",
				class: "close",
				"aria-label": "Select nothing",
				onClick: () => e.select(null),
				children: "×"
			}),
			/* @__PURE__ */ H(Eo, {}),
			/* @__PURE__ */ H(U, { answer: r }),
			i && B(i.part, t) ? /* @__PURE__ */ H("dl", {
				class: a ? "stale" : "",
				children: [
					t.encoder ? /* @__PURE__ */ H(bo, {
						name: "inside the encoder",
						children: /* @__PURE__ */ H("span", {
							class: "small",
							children: "at every position of the source; credit is what it carries on through cross-attention, patterns frozen"
						})
					}) : null,
					i.value === null ? null : /* @__PURE__ */ H(bo, {
						name: /* @__PURE__ */ H(X, { name: "credit" }),
						children: [G(i.value), " logits"]
					}),
					i.activation === null ? null : /* @__PURE__ */ H(bo, {
						name: /* @__PURE__ */ H(X, { name: "activation" }),
						children: G(i.activation, 2)
					}),
					i.looks_at.length === 0 ? null : /* @__PURE__ */ H(bo, {
						name: "looks at",
						children: i.looks_at.map((e) => /* @__PURE__ */ H(aa, { at: e }, e.position))
					}),
					/* @__PURE__ */ H(To, {
						name: "writes toward",
						tokens: i.promotes
					}),
					/* @__PURE__ */ H(To, {
						name: "writes away from",
						tokens: i.suppresses
					}),
					/* @__PURE__ */ H(So, { part: t })
				]
			}) : null
		]
	}) : /* @__PURE__ */ H(J, {
		name: "inspector",
		title: "Inspector",
		note: "Select a sublayer, head or neuron anywhere to see what it does.",
		children: null
	}) : null;
}
function bo(e) {
	return /* @__PURE__ */ H("div", { children: [/* @__PURE__ */ H("dt", { children: e.name }), /* @__PURE__ */ H("dd", { children: e.children })] });
}
var xo = {
	"pre-activation": "reads",
	gate: "reads: gate",
	up: "reads: up",
	query: "reads: query",
	key: "reads: key"
};
function So({ part: e }) {
	let t = I(), n = t.followed(), { answer: r, result: i, stale: a } = At(n && It(e) !== e.kind && t.reads() === null ? {
		ask: "reads",
		...In({
			prompt: n.prompt,
			position: n.position
		}),
		part: e
	} : null);
	return r?.error ? /* @__PURE__ */ H(bo, {
		name: "reads",
		children: /* @__PURE__ */ H(U, { answer: r })
	}) : !i || a || !B(i.part, e) ? null : /* @__PURE__ */ H(x, { children: i.reads.map((e) => /* @__PURE__ */ H(Co, { reading: e }, e.what)) });
}
function Co({ reading: e }) {
	let { what: t, value: n, terms: r, others: i, source: a } = e;
	return /* @__PURE__ */ H(bo, {
		name: xo[t],
		children: [
			/* @__PURE__ */ H("span", {
				class: "small",
				children: [
					a ? "score" : t,
					" ",
					G(n),
					a ? /* @__PURE__ */ H(x, { children: [
						" ",
						"toward ",
						/* @__PURE__ */ H($, { text: a.text })
					] }) : null,
					" ",
					"=",
					" "
				]
			}),
			r.map((e) => /* @__PURE__ */ H(wo, { term: e }, Wt(e.part))),
			i.count > 0 ? /* @__PURE__ */ H("span", {
				class: "chip",
				children: [
					i.count,
					" others (net) ",
					/* @__PURE__ */ H("span", {
						class: "small",
						children: G(i.value)
					})
				]
			}) : null
		]
	});
}
function wo({ term: e }) {
	let t = Gt(e.part);
	return /* @__PURE__ */ H("span", {
		class: "chip",
		children: [
			t ? /* @__PURE__ */ H(Y, { part: t }) : Wt(e.part),
			" ",
			/* @__PURE__ */ H("span", {
				class: "small",
				children: G(e.value)
			})
		]
	});
}
function To(e) {
	return e.tokens.length === 0 ? null : /* @__PURE__ */ H(bo, {
		name: e.name,
		children: /* @__PURE__ */ H(ia, { tokens: e.tokens })
	});
}
function Eo() {
	let e = I(), { selection: t, test: n, b: r } = e.state.value;
	return t ? /* @__PURE__ */ H("fieldset", {
		class: "test",
		children: [
			/* @__PURE__ */ H("legend", { children: ["Test ", /* @__PURE__ */ H("kbd", { children: "t" })] }),
			/* @__PURE__ */ H("p", {
				class: "controls",
				children: [wn.map((t) => /* @__PURE__ */ H("button", {
					type: "button",
					"aria-pressed": n === t,
					disabled: t === "swap" && r === null,
					title: t === "swap" && r === null ? "Open B first" : _o[t],
					onClick: () => e.set({ test: n === t ? null : t }),
					children: t
				}, t)), /* @__PURE__ */ H("button", {
					type: "button",
					onClick: () => e.pin(),
					children: ["Pin ", /* @__PURE__ */ H("kbd", { children: "p" })]
				})]
			}),
			n ? /* @__PURE__ */ H(lo, {
				tests: [{
					part: t,
					how: n
				}],
				note: _o[n],
				say: `${V(t)} ${vo[n]}`
			}) : null
		]
	}) : null;
}
// src/panels/Knew.tsx
var Do = 360, Oo = 150, ko = 44, Ao = 14, jo = new Intl.NumberFormat("en", { notation: "compact" });
function Mo() {
	let e = I().explained.value, t = Z();
	return !e || e.lens.length === 0 ? null : /* @__PURE__ */ H(J, {
		name: "knew",
		title: "When it knew",
		note: `Rank of ${q(e.target.text)} in what the stream would predict after each layer (1 is the top).`,
		children: [/* @__PURE__ */ H(Po, {
			explained: e,
			tested: t
		}), /* @__PURE__ */ H(fi, {
			label: "rank by layer",
			head: [
				"layer",
				"rank",
				"probability",
				"top token"
			],
			rows: () => e.lens.map((e) => [
				No(e.layer),
				`${e.rank}`,
				K(e.probability),
				/* @__PURE__ */ H("bdi", { children: q(e.top.text) }, "top")
			])
		})]
	});
}
function No(e) {
	return e === null ? "embedding" : `L${e}`;
}
function Po({ explained: e, tested: t }) {
	let n = e.lens, r = Math.max(1, Math.ceil(Math.log10(Math.max(...n.map((e) => e.rank))))), i = (e) => ko + e * 304 / Math.max(n.length - 1, 1), a = (e) => 128 - Math.log10(e) / r * 114, o = Fo(e, t), s = Array.from({ length: r + 1 }, (e, t) => 10 ** t).filter((e, t) => r <= 3 || t % 2 == 0 || t === r);
	return /* @__PURE__ */ H("svg", {
		class: "curve",
		viewBox: `0 0 ${Do} ${Oo}`,
		role: "img",
		"aria-label": "Rank of the target by layer",
		children: [
			s.map((e) => /* @__PURE__ */ H("g", { children: [/* @__PURE__ */ H("line", {
				x1: ko,
				x2: 348,
				y1: a(e),
				y2: a(e),
				class: "grid-line"
			}), /* @__PURE__ */ H("text", {
				x: 38,
				y: a(e) + 4,
				"text-anchor": "end",
				children: e === 1 ? "top, 1" : jo.format(e)
			})] }, e)),
			/* @__PURE__ */ H("polyline", { points: n.map((e, t) => `${i(t)},${a(e.rank)}`).join(" ") }),
			o.map(({ place: e, text: t }, r) => {
				let o = e > n.length / 2;
				return /* @__PURE__ */ H("g", { children: [/* @__PURE__ */ H("circle", {
					cx: i(e),
					cy: a(n[e]?.rank ?? 1),
					r: 4
				}), /* @__PURE__ */ H("text", {
					class: "strong",
					x: i(e) + (o ? -9 : 9),
					y: Math.max(Ao, a(n[e]?.rank ?? 1) + (r === 0 && n[e]?.rank !== 1 ? 12 : -8)),
					"text-anchor": o ? "end" : "start",
					children: t
				})] }, e);
			}),
			/* @__PURE__ */ H("text", {
				x: ko,
				y: 145,
				children: "embedding"
			}),
			/* @__PURE__ */ H("text", {
				x: 348,
				y: 145,
				"text-anchor": "end",
				children: ["layer ", n.at(-1)?.layer]
			})
		]
	});
}
function Fo(e, t) {
	let n = e.lens, r = t?.answer.part ? Bt(t.answer.part) : null, i = [], a = r && !r.encoder ? n.findIndex((e) => e.layer === r.layer) : -1;
	a >= 0 && i.push({
		place: a,
		text: `after ${t?.answer.part}: ${n[a]?.rank.toLocaleString("en")}`
	});
	let o = n.length;
	for (; o > 0 && n[o - 1]?.rank === 1;) o--;
	return o < n.length && o !== a && i.push({
		place: o,
		text: `top from ${No(n[o]?.layer ?? null)} on`
	}), i;
}
// src/panels/FactChoice.tsx
function Io({ list: e, explained: t }) {
	let n = I(), r = sn(e, n.state.value.a, t.target.text);
	return r.length === 0 ? null : /* @__PURE__ */ H("p", { children: [
		"Perhaps you mean",
		" ",
		r.slice(0, 3).map((e) => /* @__PURE__ */ H("button", {
			type: "button",
			onClick: () => n.set({
				a: e.prompt,
				position: null,
				target: null,
				knowledge: on
			}),
			children: [
				e.relation,
				" of ",
				e.subject,
				": ",
				e.answer
			]
		}, `${e.relation} ${e.subject}`))
	] });
}
function Lo({ list: e, open: t }) {
	let n = I(), r = F(0), i = F(0), a = e.relations[r.value]?.facts ?? [], o = a[i.value];
	return /* @__PURE__ */ H("details", {
		open: t,
		children: [/* @__PURE__ */ H("summary", { children: "Choose a known fact" }), /* @__PURE__ */ H("p", {
			class: "controls",
			children: [
				/* @__PURE__ */ H("label", { children: [
					"Relation",
					" ",
					/* @__PURE__ */ H("select", {
						value: r.value,
						onChange: (e) => {
							r.value = Number(e.currentTarget.value), i.value = 0;
						},
						children: e.relations.map((e, t) => /* @__PURE__ */ H("option", {
							value: t,
							children: [e.name, e.description ? ` (${e.description})` : ""]
						}, e.name))
					})
				] }),
				/* @__PURE__ */ H("label", { children: [
					"Fact",
					" ",
					/* @__PURE__ */ H("select", {
						value: i.value,
						onChange: (e) => i.value = Number(e.currentTarget.value),
						children: a.map((e, t) => /* @__PURE__ */ H("option", {
							value: t,
							children: [
								e.subject,
								": ",
								e.answer
							]
						}, e.subject))
					})
				] }),
				/* @__PURE__ */ H("button", {
					type: "button",
					disabled: !o,
					onClick: () => o && n.set({
						a: o.prompt,
						position: null,
						target: null
					}),
					children: "Take its prompt"
				})
			]
		})]
	});
}
function Ro() {
	let e = I(), t = F(""), n = F(""), r = dn(t.value);
	return /* @__PURE__ */ H("details", { children: [
		/* @__PURE__ */ H("summary", { children: "Or write prompts of your own" }),
		/* @__PURE__ */ H("label", {
			class: "stacked",
			children: ["More prompts that end right before the same answer, one a line", /* @__PURE__ */ H("textarea", {
				rows: 3,
				value: t.value,
				dir: "auto",
				onInput: (e) => t.value = e.currentTarget.value
			})]
		}),
		/* @__PURE__ */ H("p", {
			class: "controls",
			children: [/* @__PURE__ */ H("label", { children: [
				"Subject",
				" ",
				/* @__PURE__ */ H("input", {
					type: "text",
					value: n.value,
					placeholder: "for an update by ROME",
					onInput: (e) => n.value = e.currentTarget.value
				})
			] }), /* @__PURE__ */ H("button", {
				type: "button",
				disabled: r.length === 0,
				onClick: () => e.set({ knowledge: {
					...on,
					prompts: r,
					subject: n.value.trim()
				} }),
				children: "Find the neurons of this fact"
			})]
		})
	] });
}
// src/panels/FactEdit.tsx
var zo = {
	update: "update to another answer",
	erase: "erase the relation",
	suppress: "suppress these neurons",
	amplify: "amplify these neurons"
}, Bo = {
	rome: "ROME (a layer)",
	value: "value rows of these neurons"
};
function Vo({ found: e, list: t }) {
	let n = I(), { knowledge: r } = n.state.value, i = n.followed(), a = r?.edit ?? null, o = fn(e), s = a?.action === "erase" ? o.shared : o[pn(o, r?.set ?? null)], c = L(a && r && i ? yn(r, a, i, s) : null);
	if (!r || n.data.host === "report" && !a) return null;
	let [l] = e.facts, u = l?.target.map((e) => e.text).join("") ?? "", d = {
		relation: e.relation,
		subject: r.prompts ? r.subject : l?.subject ?? "",
		answer: l?.answer ?? "",
		target: u,
		prompts: l?.prompts ?? []
	};
	return /* @__PURE__ */ H("fieldset", {
		class: "edit",
		children: [
			/* @__PURE__ */ H("legend", { children: "Edit the weights" }),
			n.data.host === "report" ? null : /* @__PURE__ */ H(Ho, {
				own: r.prompts !== null,
				counts: {
					own: s.length,
					shared: o.shared.length
				}
			}),
			/* @__PURE__ */ H(U, { answer: c }),
			c?.result && a ? /* @__PURE__ */ H(x, { children: [/* @__PURE__ */ H(Uo, {
				result: c.result,
				answer: d.answer
			}), /* @__PURE__ */ H(Go, {
				edit: a,
				fact: d,
				shipped: t.shipped && r.prompts === null,
				neurons: s.map((e) => V(z(e)))
			})] }) : null
		]
	});
}
function Ho({ own: e, counts: t }) {
	let n = I(), r = n.state.value.knowledge?.edit ?? null, i = F(r?.action ?? "update"), a = F(r?.to ?? ""), o = F(r?.method ?? "rome"), s = i.value === "update", c = i.value === "erase" ? t.shared : s && o.value === "rome" ? 1 : t.own, l = c > 0 && (!s || a.value.trim() !== "");
	return /* @__PURE__ */ H("form", {
		class: "controls",
		onSubmit: (e) => {
			e.preventDefault(), l && n.setKnowledge({ edit: {
				action: i.value,
				to: a.value.trim(),
				method: o.value
			} });
		},
		children: [
			/* @__PURE__ */ H("label", { children: [
				"Do",
				" ",
				/* @__PURE__ */ H("select", {
					value: i.value,
					onChange: (e) => i.value = e.currentTarget.value,
					children: nn.filter((t) => !e || t !== "erase").map((e) => /* @__PURE__ */ H("option", {
						value: e,
						children: zo[e]
					}, e))
				})
			] }),
			s ? /* @__PURE__ */ H(x, { children: [/* @__PURE__ */ H("label", { children: [
				"New answer",
				" ",
				/* @__PURE__ */ H("input", {
					type: "text",
					value: a.value,
					onInput: (e) => a.value = e.currentTarget.value
				})
			] }), /* @__PURE__ */ H("label", { children: [
				"By",
				" ",
				/* @__PURE__ */ H("select", {
					value: o.value,
					onChange: (e) => o.value = e.currentTarget.value,
					children: rn.map((e) => /* @__PURE__ */ H("option", {
						value: e,
						children: Bo[e]
					}, e))
				})
			] })] }) : null,
			/* @__PURE__ */ H("button", {
				type: "submit",
				disabled: !l,
				children: "Edit and see"
			}),
			r ? /* @__PURE__ */ H("button", {
				type: "button",
				onClick: () => n.setKnowledge({ edit: null }),
				children: "Close"
			}) : null,
			c > 0 ? null : /* @__PURE__ */ H("span", {
				class: "note",
				children: "There are no such neurons: take a lower threshold."
			})
		]
	});
}
function Uo({ result: e, answer: t }) {
	let { effects: n, control: r } = e, i = [
		[
			e.subject === null ? "the relation's facts" : `${t}, on the fact's prompts`,
			n.own,
			r?.own
		],
		[
			`${e.to}, on prompts of the edit`,
			n.new,
			r?.new
		],
		[
			`${e.to}, on unseen prompts`,
			n.unseen,
			r?.unseen
		],
		[
			"other facts of the relation",
			n.related,
			r?.related
		],
		[
			"facts of other relations",
			n.unrelated,
			r?.unrelated
		]
	];
	return /* @__PURE__ */ H("div", {
		"aria-live": "polite",
		children: [
			/* @__PURE__ */ H(di, {
				label: "What the edited model says, a prompt a row",
				children: /* @__PURE__ */ H("table", { children: [
					/* @__PURE__ */ H("caption", { children: "What the model says first" }),
					/* @__PURE__ */ H("thead", { children: /* @__PURE__ */ H("tr", { children: [
						/* @__PURE__ */ H("th", {
							scope: "col",
							children: "prompt"
						}),
						/* @__PURE__ */ H("th", {
							scope: "col",
							children: "before"
						}),
						/* @__PURE__ */ H("th", {
							scope: "col",
							children: "edited"
						})
					] }) }),
					/* @__PURE__ */ H("tbody", { children: e.prompts.map((e) => /* @__PURE__ */ H("tr", { children: [
						/* @__PURE__ */ H("td", { children: [e.prompt, e.used ? /* @__PURE__ */ H("span", {
							class: "small",
							children: " (edit made with it)"
						}) : null] }),
						/* @__PURE__ */ H("td", { children: /* @__PURE__ */ H(Wo, { said: e.before }) }),
						/* @__PURE__ */ H("td", { children: /* @__PURE__ */ H(Wo, { said: e.after }) })
					] }, e.prompt)) })
				] })
			}),
			/* @__PURE__ */ H(di, {
				label: "What the edit changes, by group of prompts",
				children: /* @__PURE__ */ H("table", { children: [
					/* @__PURE__ */ H("caption", { children: "The right (or new) answer, mean probability" }),
					/* @__PURE__ */ H("thead", { children: /* @__PURE__ */ H("tr", { children: [
						/* @__PURE__ */ H("th", {
							scope: "col",
							children: "answer"
						}),
						/* @__PURE__ */ H("th", {
							scope: "col",
							class: "number",
							children: "before"
						}),
						/* @__PURE__ */ H("th", {
							scope: "col",
							class: "number",
							children: "edited"
						}),
						/* @__PURE__ */ H("th", {
							scope: "col",
							class: "number",
							children: "first on"
						}),
						/* @__PURE__ */ H("th", {
							scope: "col",
							class: "number",
							children: "control"
						})
					] }) }),
					/* @__PURE__ */ H("tbody", { children: i.map(([e, t, n]) => t ? /* @__PURE__ */ H("tr", { children: [
						/* @__PURE__ */ H("th", {
							scope: "row",
							children: e
						}),
						/* @__PURE__ */ H("td", {
							class: "number",
							children: K(t.before)
						}),
						/* @__PURE__ */ H("td", {
							class: "number",
							children: K(t.after)
						}),
						/* @__PURE__ */ H("td", {
							class: "number",
							children: [
								t.top_before,
								" → ",
								t.top_after,
								" of ",
								t.prompts
							]
						}),
						/* @__PURE__ */ H("td", {
							class: "number",
							children: n ? K(n.after) : "—"
						})
					] }, e) : null) })
				] })
			}),
			/* @__PURE__ */ H("p", {
				class: "note",
				children: [
					"Perplexity of some text: ",
					W(e.perplexity ?? 0),
					" before, ",
					W(n.perplexity ?? 0),
					" edited. Control: the same edit",
					" ",
					e.neurons.length > 0 ? "of as many random neurons of the same layers" : "at a random key",
					". Some facts are asked, not all; the command asks more. The edit is undone: the page goes on with the model as it was."
				]
			}),
			e.notes.map((e) => /* @__PURE__ */ H("p", {
				class: "note",
				children: ["Note: ", e]
			}, e))
		]
	});
}
function Wo({ said: e }) {
	return /* @__PURE__ */ H("span", {
		class: "chip",
		children: [
			/* @__PURE__ */ H($, { text: e.text }),
			" ",
			/* @__PURE__ */ H("span", {
				class: "small",
				children: K(e.probability)
			})
		]
	});
}
function Go(e) {
	let t = I().explained.value?.model.name ?? "", n = !e.shipped && e.edit.action !== "erase";
	return /* @__PURE__ */ H("details", { children: [
		/* @__PURE__ */ H("summary", { children: "Keep this edit in a file" }),
		n ? /* @__PURE__ */ H(x, { children: [/* @__PURE__ */ H("p", {
			class: "note",
			children: "Write this line to fact.jsonl:"
		}), /* @__PURE__ */ H(Ko, {
			label: "The fact as a line of JSON",
			text: hn(e.fact)
		})] }) : null,
		/* @__PURE__ */ H("p", {
			class: "note",
			children: "Then run this, and open it again with unembed open --edits edit.safetensors:"
		}),
		/* @__PURE__ */ H(Ko, {
			label: "The command",
			text: gn(e.edit, e.fact, e.shipped, e.neurons, t)
		})
	] });
}
function Ko({ label: e, text: t }) {
	return /* @__PURE__ */ H(di, {
		label: e,
		children: /* @__PURE__ */ H("pre", { children: /* @__PURE__ */ H("code", { children: t }) })
	});
}
// src/panels/Fact.tsx
var qo = [
	.2,
	.1,
	.05
], Jo = 12, Yo = {
	refined: "the fact's own",
	kept: "all that the fact keeps",
	shared: "the relation's"
};
function Xo({ explained: e }) {
	let t = I(), { knowledge: n } = t.state.value, r = t.followed(), i = t.data.host === "report" && n === null, a = L(r && !i ? {
		ask: "facts",
		prompt: r.prompt
	} : null);
	return i ? /* @__PURE__ */ H("p", {
		class: "note",
		children: [
			"The neurons of a fact, and edits of it, were not kept in this report. Open the prompt with",
			" ",
			/* @__PURE__ */ H("code", { children: "unembed open" }),
			" to find and edit them."
		]
	}) : /* @__PURE__ */ H("section", {
		class: "fact",
		children: [
			/* @__PURE__ */ H("h3", { children: "The fact, and its neurons" }),
			/* @__PURE__ */ H(U, { answer: a }),
			a?.result ? /* @__PURE__ */ H(Zo, {
				list: a.result,
				explained: e
			}) : null,
			n && r && a?.result ? /* @__PURE__ */ H($o, { list: a.result }) : null
		]
	});
}
function Zo({ list: e, explained: t }) {
	let n = I(), { knowledge: r } = n.state.value, { stated: i } = e, a = n.data.host === "report";
	if (r?.prompts) return /* @__PURE__ */ H("p", { children: [
		"Your fact: ",
		r.prompts.length + 1,
		" prompts, answered with ",
		/* @__PURE__ */ H($, { text: t.target.text }),
		".",
		" ",
		/* @__PURE__ */ H(Qo, {})
	] });
	let o = e.relations.reduce((e, t) => e + t.facts.length, 0);
	return /* @__PURE__ */ H(x, { children: [
		i ? /* @__PURE__ */ H("p", { children: [
			"This prompt states a known fact: ",
			i.relation,
			" of ",
			/* @__PURE__ */ H("strong", { children: i.subject }),
			" is",
			" ",
			/* @__PURE__ */ H("strong", { children: i.answer }),
			" (",
			i.prompts.length,
			" prompts ask for it).",
			" ",
			r ? /* @__PURE__ */ H(Qo, {}) : /* @__PURE__ */ H("button", {
				type: "button",
				disabled: a,
				onClick: () => n.set({ knowledge: on }),
				children: "Find its neurons"
			})
		] }) : /* @__PURE__ */ H("p", {
			class: "note",
			children: [
				"This prompt is none of the prompts of the ",
				o,
				" known facts. A fact is found by several prompts that ask for it: choose a known fact, or write more prompts of yours."
			]
		}),
		i || a ? null : /* @__PURE__ */ H(Io, {
			list: e,
			explained: t
		}),
		a || r && i ? null : /* @__PURE__ */ H(x, { children: [/* @__PURE__ */ H(Lo, {
			list: e,
			open: !i
		}), i ? null : /* @__PURE__ */ H(Ro, {})] })
	] });
}
function Qo() {
	let e = I();
	return e.data.host === "report" ? null : /* @__PURE__ */ H("button", {
		type: "button",
		onClick: () => e.set({ knowledge: null }),
		children: "Close"
	});
}
function $o({ list: e }) {
	let t = I(), { knowledge: n } = t.state.value, r = t.followed(), i = n && r && (n.prompts || e.stated) ? vn(n, r) : null, { answer: a, result: o, stale: s } = At(i), c = t.data.host === "report";
	return !n || !i ? null : /* @__PURE__ */ H(x, { children: [
		/* @__PURE__ */ H("p", {
			class: "controls",
			children: /* @__PURE__ */ H("label", { children: [
				"Count neurons above",
				" ",
				/* @__PURE__ */ H("select", {
					value: n.t,
					disabled: c,
					onChange: (e) => t.setKnowledge({
						t: Number(e.currentTarget.value),
						set: null
					}),
					children: [.../* @__PURE__ */ new Set([...qo, n.t])].map((e) => /* @__PURE__ */ H("option", {
						value: e,
						children: [
							e,
							" of the largest",
							e === .2 ? " (the paper's)" : ""
						]
					}, e))
				})
			] })
		}),
		/* @__PURE__ */ H(U, { answer: a }),
		a && !a.result && !a.error ? /* @__PURE__ */ H("p", {
			class: "note",
			children: "Each prompt of each compared fact is attributed; Close stops it."
		}) : null,
		o ? /* @__PURE__ */ H("div", {
			class: s ? "stale" : "",
			children: [/* @__PURE__ */ H(es, { found: o }), /* @__PURE__ */ H(Vo, {
				found: o,
				list: e
			})]
		}) : null
	] });
}
function es({ found: e }) {
	let t = I(), { knowledge: n } = t.state.value, [r] = e.facts;
	if (!n || !r) return null;
	let i = fn(e), a = pn(i, n.set), o = e.facts.length - 1;
	return /* @__PURE__ */ H(x, { children: [
		/* @__PURE__ */ H("p", {
			class: "note",
			children: [
				o === 0 ? "No other fact is compared, so these may be neurons of the form of the question." : `Compared with ${o} other ${o === 1 ? "fact" : "facts"} of ${e.relation}.`,
				" ",
				"The model gives ",
				/* @__PURE__ */ H($, { text: r.answer }),
				" first on ",
				r.top.filter(Boolean).length,
				" of",
				" ",
				r.prompts.length,
				" prompts."
			]
		}),
		e.notes.map((e) => /* @__PURE__ */ H("p", {
			class: "note",
			children: ["Note: ", e]
		}, e)),
		/* @__PURE__ */ H("fieldset", { children: [/* @__PURE__ */ H("legend", { children: "Which neurons" }), an.map((e) => /* @__PURE__ */ H("div", {
			class: "choice",
			children: [
				/* @__PURE__ */ H("label", { children: [
					/* @__PURE__ */ H("input", {
						type: "radio",
						name: "neuron-set",
						checked: a === e,
						disabled: i[e].length === 0 || t.data.host === "report",
						onChange: () => t.setKnowledge({ set: e })
					}),
					" ",
					Yo[e],
					": ",
					i[e].length
				] }),
				" ",
				/* @__PURE__ */ H(ts, { neurons: i[e] })
			]
		}, e))] }),
		i[a].length === 0 ? /* @__PURE__ */ H("p", {
			class: "note",
			children: "No neuron is above the threshold in enough prompts. Take a lower one."
		}) : /* @__PURE__ */ H(ns, {
			neurons: i[a],
			target: r.target[0]?.id,
			whole: r.target.length === 1
		}),
		/* @__PURE__ */ H(fi, {
			label: "prompts of the fact",
			head: [
				"prompt",
				"probability of the answer",
				"top prediction"
			],
			rows: () => r.prompts.map((e, t) => [
				e,
				K(r.probabilities[t] ?? 0),
				r.top[t] ? "yes" : "no"
			])
		})
	] });
}
function ts({ neurons: e }) {
	return /* @__PURE__ */ H("span", {
		class: "neurons",
		children: [e.slice(0, Jo).map((e) => {
			let t = z(e);
			return /* @__PURE__ */ H(Y, { part: t }, V(t));
		}), e.length > Jo ? /* @__PURE__ */ H("span", {
			class: "small",
			children: [
				"and ",
				e.length - Jo,
				" more"
			]
		}) : null]
	});
}
function ns(e) {
	let t = I(), n = t.state.value.knowledge?.test ?? null, r = (e) => e === "zero" ? "Suppress (× 0)" : "Amplify (× 2)";
	return /* @__PURE__ */ H("fieldset", {
		class: "test",
		children: [
			/* @__PURE__ */ H("legend", { children: "At this prompt" }),
			/* @__PURE__ */ H("p", {
				class: "controls",
				children: ["zero", "double"].map((e) => /* @__PURE__ */ H("button", {
					type: "button",
					"aria-pressed": n === e,
					disabled: t.data.host === "report",
					onClick: () => t.setKnowledge({ test: n === e ? null : e }),
					children: r(e)
				}, e))
			}),
			n && e.target !== void 0 ? /* @__PURE__ */ H(lo, {
				tests: e.neurons.map((e) => ({
					part: z(e),
					how: n
				})),
				target: e.target,
				note: `the activations of these ${e.neurons.length} neurons ${n === "zero" ? "set to 0" : "doubled"} where the answer is predicted`
			}) : null,
			n && !e.whole ? /* @__PURE__ */ H("p", {
				class: "note",
				children: "The answer has several tokens; the probability is of the first."
			}) : null
		]
	});
}
// src/panels/Knowledge.tsx
var rs = 12, is = 100, as = 12;
function os() {
	let e = I(), t = e.explained.value, n = e.followed(), { prompt: r, source: i, target: a } = n ?? {}, o = t !== null && t.position === t.asks, s = e.reads() === null, { answer: c, result: l, stale: u } = At(o && n ? {
		ask: "attribute",
		...In({
			prompt: r,
			source: i,
			target: a
		}),
		top: is
	} : null);
	return /* @__PURE__ */ H("div", { children: t ? /* @__PURE__ */ H(J, {
		name: "knowledge",
		title: "Knowledge",
		note: `How much of the probability of ${q(t.target.text)} each layer's neurons are worth: attribution from no activation to the one they have.`,
		children: [o ? null : /* @__PURE__ */ H("p", {
			class: "note",
			children: [
				"Knowledge is attributed ",
				t.model.bidirectional ? "at the blank" : "at the last token",
				"; choose it to see this panel."
			]
		}), /* @__PURE__ */ H("div", {
			class: "side-by-side wide",
			children: [/* @__PURE__ */ H("div", { children: [/* @__PURE__ */ H(U, { answer: c }), l ? /* @__PURE__ */ H(ss, {
				result: l,
				stale: u
			}) : null] }), o && s ? /* @__PURE__ */ H(Xo, { explained: t }) : null]
		})]
	}) : null });
}
function ss({ result: e, stale: t }) {
	let n = cn(e), r = Math.max(1e-9, ...e.layers.map((e) => Math.abs(e.sum ?? 0))), i = Math.max(0, ...e.attributions.map((e) => Math.abs(e.value)));
	return /* @__PURE__ */ H("div", {
		class: t ? "stale" : "",
		children: [
			n.map((t) => /* @__PURE__ */ H("div", { children: [
				n.length > 1 ? /* @__PURE__ */ H("p", {
					class: "note",
					children: cs(t, e)
				}) : null,
				/* @__PURE__ */ H(ls, {
					stack: t,
					largest: r
				}),
				/* @__PURE__ */ H(us, {
					stack: t,
					largest: i
				})
			] }, String(t.encoder))),
			/* @__PURE__ */ H(ds, { neurons: e.attributions.slice(0, rs) }),
			/* @__PURE__ */ H(fi, {
				label: "attribution by layer",
				head: [
					"layer",
					"sum of its neurons",
					"change of the probability",
					"error",
					"strongest neurons"
				],
				rows: () => n.flatMap((e) => {
					let t = un(e.neurons, e.layers.length);
					return e.layers.map((n, r) => [
						Ut(`L${n.layer}`, e.encoder),
						n.sum === null ? "" : G(n.sum, 4),
						G(n.change, 4),
						n.error === null ? "" : W(n.error, 4),
						(t[r] ?? []).map((e) => `${ln(e)} ${G(e.value, 3)}`).join(", ")
					]);
				})
			})
		]
	});
}
function cs({ encoder: e }, { sources: t = [], source_positions: n = [] }) {
	return e ? n.length === t.length ? "The encoder (enc.), at every position of the source:" : `The encoder (enc.), at the blank of the source (${n.map((e) => `${e} ${q(t[e]?.label ?? "")}`).join(", ")}):` : "The decoder, where the answer is predicted:";
}
function ls({ stack: e, largest: t }) {
	let n = e.layers.map((e) => ({
		layer: e.layer,
		sum: e.sum ?? 0
	})), r = 300 / Math.max(n.length, 1);
	return /* @__PURE__ */ H("svg", {
		class: "layers",
		viewBox: "0 0 300 96",
		role: "img",
		"aria-label": `Attribution by layer${e.encoder ? " of the encoder" : ""}; the table below has the numbers`,
		children: [/* @__PURE__ */ H("line", {
			x1: 0,
			x2: 300,
			y1: 42,
			y2: 42,
			class: "axis"
		}), n.map((i, a) => {
			let o = Math.abs(i.sum) / t * 40;
			return /* @__PURE__ */ H("g", { children: [
				/* @__PURE__ */ H("rect", {
					class: i.sum < 0 ? "negative" : "positive",
					x: a * r + 1,
					y: i.sum < 0 ? 42 : 42 - o,
					width: Math.max(r - 2, 1),
					height: o
				}),
				a % Math.ceil(n.length / 15) === 0 ? /* @__PURE__ */ H("text", {
					x: (a + .5) * r,
					y: 93,
					children: i.layer
				}) : null,
				/* @__PURE__ */ H("title", { children: `${Ut(`L${i.layer}`, e.encoder)}: ${G(i.sum, 3)}` })
			] }, i.layer);
		})]
	});
}
function us({ stack: e, largest: t }) {
	let n = I(), r = un(e.neurons, e.layers.length), i = Math.min(as, Math.max(0, ...r.map((e) => e.length))), a = (e, t) => r[e]?.[t], o = n.state.value.selection;
	return e.neurons.length === 0 ? /* @__PURE__ */ H("p", {
		class: "note",
		children: "None of the strongest neurons is in it."
	}) : /* @__PURE__ */ H(x, { children: [/* @__PURE__ */ H("p", {
		class: "note",
		children: [
			"The ",
			e.neurons.length,
			" strongest neurons by layer, at most ",
			as,
			" a layer; a cell selects its neuron."
		]
	}), /* @__PURE__ */ H($r, {
		label: `Attribution of the strongest neurons${e.encoder ? " of the encoder" : ""}, layers across`,
		columns: r.length,
		rows: i,
		height: 10,
		colour: (e, n) => {
			let r = a(e, n);
			return r ? Or(r.value, t) : null;
		},
		tell: (e, t) => {
			let n = a(e, t);
			return n ? `${ln(n)}: ${G(n.value, 3)}` : "";
		},
		marked: (e, t) => {
			let n = a(e, t);
			return n !== void 0 && B(z(n), o);
		},
		rowName: (e) => String(e + 1),
		columnName: (t) => Ut(`L${t}`, e.encoder),
		onChoose: (e, t) => {
			let r = a(e, t);
			r && n.select(z(r));
		}
	})] });
}
function ds({ neurons: e }) {
	let t = Math.max(0, ...e.map((e) => Math.abs(e.value)));
	return /* @__PURE__ */ H("table", { children: [/* @__PURE__ */ H("thead", { children: /* @__PURE__ */ H("tr", { children: [
		/* @__PURE__ */ H("th", {
			scope: "col",
			children: "neuron"
		}),
		/* @__PURE__ */ H("th", {
			scope: "col",
			class: "number",
			children: "attribution"
		}),
		/* @__PURE__ */ H("th", {
			scope: "col",
			class: "wide-only",
			children: /* @__PURE__ */ H("span", {
				class: "hidden",
				children: "bar"
			})
		}),
		/* @__PURE__ */ H("th", {
			scope: "col",
			class: "number",
			children: "activation"
		})
	] }) }), /* @__PURE__ */ H("tbody", { children: e.map((e) => /* @__PURE__ */ H("tr", { children: [
		/* @__PURE__ */ H("th", {
			scope: "row",
			children: /* @__PURE__ */ H(Y, { part: z(e) })
		}),
		/* @__PURE__ */ H("td", {
			class: "number",
			children: /* @__PURE__ */ H(Gi, {
				value: e.value,
				digits: 3
			})
		}),
		/* @__PURE__ */ H("td", {
			class: "wide-only",
			children: /* @__PURE__ */ H(Wi, {
				value: e.value,
				largest: t
			})
		}),
		/* @__PURE__ */ H("td", {
			class: "number",
			children: G(e.activation)
		})
	] }, ln(e))) })] });
}
// src/ui/Marks.tsx
function fs() {
	return /* @__PURE__ */ H("p", {
		class: "note marks",
		children: [
			"● without it the target moves by at least 0.3 ",
			/* @__PURE__ */ H(X, { name: "nats" }),
			", or by 0.1 and by more than 95 % of the parts of its kind move it (",
			/* @__PURE__ */ H(X, {
				name: "causal",
				children: "causal"
			}),
			" where it falls, ",
			/* @__PURE__ */ H(X, { name: "suppressor" }),
			" where it rises). ○ it moves less. ~ rounding could change the word."
		]
	});
}
// src/ui/Outcome.tsx
function ps({ part: e, brief: t }) {
	let n = Z(), r = n && ga(n, e);
	if (!n || !r) return null;
	let [i, a] = va(n, r), { nats: o, effect: s } = r, c = `${i} → ${a}`;
	return t ? /* @__PURE__ */ H("span", {
		class: "outcome",
		title: `${c}, ${G(o)} nats${s ? `, ${Ur(s)}` : ""}`,
		children: [
			/* @__PURE__ */ H("span", {
				class: "from",
				children: [i, " → "]
			}),
			a,
			" ",
			/* @__PURE__ */ H("span", {
				class: "mark",
				children: s ? Ur(s)[0] : ""
			})
		]
	}) : /* @__PURE__ */ H("span", {
		class: "outcome",
		children: [
			/* @__PURE__ */ H("span", { children: c }),
			" ",
			s ? /* @__PURE__ */ H(ms, { effect: s }) : null
		]
	});
}
function ms({ effect: e }) {
	return /* @__PURE__ */ H("span", {
		class: "verdict",
		title: `${e.rank} of ${e.among} by size`,
		children: [
			/* @__PURE__ */ H("span", { children: [G(e.nats), " nats"] }),
			" ",
			/* @__PURE__ */ H("span", { children: Ur(e).replace(" ", "\xA0") })
		]
	});
}
// src/panels/Ledger.tsx
var hs = 12, gs = 10, _s = Infinity, vs = _e({
	is: () => !1,
	set: () => {}
}), ys = _e({
	order: "size",
	effectOf: () => null
});
function bs() {
	let e = I(), t = e.explained.value, n = Z(), r = F("size"), i = F(hs), a = F({});
	if (!t) return null;
	let { ledger: o } = t, s = e.state.value.selection, c = (e) => {
		let t = Gt(e);
		return t && n ? ga(n, t)?.nats ?? null : null;
	}, l = zi(o.terms, i.value, r.value, (e) => Ss(Gt(e), s), c), u = Bi(0, o.terms, l.others.value);
	return /* @__PURE__ */ H(J, {
		name: "ledger",
		title: /* @__PURE__ */ H(X, {
			name: "ledger",
			children: "Ledger"
		}),
		note: /* @__PURE__ */ H(Cs, { explained: t }),
		children: [
			/* @__PURE__ */ H("p", {
				class: "controls",
				children: [/* @__PURE__ */ H("label", { children: [
					"Sort",
					" ",
					/* @__PURE__ */ H("select", {
						value: r.value,
						onChange: (e) => r.value = e.currentTarget.value,
						children: [
							/* @__PURE__ */ H("option", {
								value: "size",
								children: "by size"
							}),
							/* @__PURE__ */ H("option", {
								value: "effect",
								disabled: !n,
								children: "by effect"
							}),
							/* @__PURE__ */ H("option", {
								value: "layer",
								children: "by layer"
							})
						]
					})
				] }), o.terms.length > hs ? /* @__PURE__ */ H("button", {
					type: "button",
					onClick: () => i.value = i.value === hs ? _s : hs,
					children: i.value === hs ? `Show all ${o.terms.length}` : "Show the largest"
				}) : null]
			}),
			/* @__PURE__ */ H(vs.Provider, {
				value: {
					is: (e, t) => a.value[e] ?? Ss(t, s),
					set: (e, t) => {
						a.value = {
							...a.value,
							[e]: t
						};
					}
				},
				children: /* @__PURE__ */ H(ys.Provider, {
					value: {
						order: r.value,
						effectOf: c
					},
					children: /* @__PURE__ */ H("table", {
						class: "ledger",
						role: "treegrid",
						"aria-label": "Ledger",
						onKeyDown: Fs,
						children: [
							/* @__PURE__ */ H("thead", { children: /* @__PURE__ */ H("tr", { children: [
								/* @__PURE__ */ H("th", {
									scope: "col",
									children: "part"
								}),
								/* @__PURE__ */ H("th", {
									scope: "col",
									class: "number",
									children: [/* @__PURE__ */ H(X, { name: "credit" }), ", logits"]
								}),
								/* @__PURE__ */ H("th", {
									scope: "col",
									class: "wide-only",
									children: /* @__PURE__ */ H("span", {
										class: "hidden",
										children: "bar"
									})
								}),
								/* @__PURE__ */ H("th", {
									scope: "col",
									children: xs(t)
								})
							] }) }),
							/* @__PURE__ */ H("tbody", { children: [l.shown.map((e, t) => /* @__PURE__ */ H(Es, {
								term: e,
								level: 1,
								largest: u,
								first: t === 0
							}, Hi(e))), /* @__PURE__ */ H(Ns, {
								count: l.others.count,
								value: l.others.value,
								level: 1,
								largest: u
							})] }),
							/* @__PURE__ */ H(Ts, { explained: t })
						]
					})
				})
			}),
			/* @__PURE__ */ H(fs, {})
		]
	});
}
function xs({ target: e, reference: t }) {
	let n = q(e.text.trim() || e.text);
	return t.kind === "versus" ? `lead of ${n} without it` : `${n} without it`;
}
function Ss(e, t) {
	return !e || !t || e.layer !== t.layer ? !1 : B(e, t) ? !0 : !t.encoder && e.head === void 0 && e.neuron === void 0 && It(t) === e.kind;
}
function Cs({ explained: e }) {
	let { target: t, reference: n } = e;
	return /* @__PURE__ */ H(x, { children: [
		"Why ",
		q(t.text),
		": ",
		ws(n),
		"; raw ",
		/* @__PURE__ */ H(X, { name: "logit" }),
		" ",
		W(t.logit),
		n.kind === "raw" ? null : /* @__PURE__ */ H(x, { children: [
			", ",
			/* @__PURE__ */ H(X, { name: "reference" }),
			" ",
			W(n.value)
		] }),
		". A part's ",
		/* @__PURE__ */ H(X, { name: "credit" }),
		" is what it writes toward that, with attention patterns and the scales of norms as they were."
	] });
}
function ws(e) {
	return e.kind === "raw" ? "its raw logit" : e.kind === "mean" ? "its logit above the vocabulary mean" : `its logit minus that of ${q(e.text ?? "")}`;
}
function Ts({ explained: e }) {
	let { sum: t, error: n, holds: r } = Vi(e.ledger);
	return /* @__PURE__ */ H("tfoot", { children: /* @__PURE__ */ H("tr", {
		class: r ? "total" : "total error",
		children: [
			/* @__PURE__ */ H("th", {
				scope: "row",
				children: "total"
			}),
			/* @__PURE__ */ H("td", {
				class: "number",
				"data-total": t,
				children: G(t)
			}),
			/* @__PURE__ */ H("td", {
				colSpan: 2,
				children: [
					r ? "= model ✓" : `≠ model ${G(e.ledger.value)}`,
					" (|Δ| ",
					Fr(n),
					", tolerance",
					" ",
					Fr(e.ledger.tolerance),
					")"
				]
			})
		]
	}) });
}
function Es(e) {
	let t = I(), n = Fe(vs), { term: r, level: i } = e, a = Gt(r), o = Hi(r), s = a !== null && a.kind === It(a) || (e.sources?.length ?? 0) > 0, c = s && n.is(o, a);
	return /* @__PURE__ */ H(x, { children: [
		/* @__PURE__ */ H(Ms, {
			name: Wt(r),
			value: r.value,
			level: i,
			largest: e.largest,
			part: a,
			open: s ? c : null,
			first: e.first ?? !1,
			onToggle: (e) => n.set(o, e),
			onSelect: () => {
				a && t.select(B(a, t.state.value.selection) ? null : a);
			}
		}),
		c && i === 1 ? /* @__PURE__ */ H(Ds, {
			term: r,
			largest: e.largest
		}) : null,
		c && i === 2 ? /* @__PURE__ */ H(As, {
			terms: e.sources ?? [],
			parent: r.value,
			largest: e.largest
		}) : null
	] });
}
function Ds({ term: e, largest: t }) {
	let n = I(), r = Fe(ys), i = n.followed(), a = {
		ask: "terms",
		...i,
		layer: e.layer,
		sublayer: e.kind,
		top: gs
	}, o = L(i ? a : null);
	if (!o?.result) return /* @__PURE__ */ H("tr", {
		class: "waiting",
		children: /* @__PURE__ */ H("td", {
			colSpan: 4,
			class: o?.error ? "error" : "",
			children: o?.error ?? `${o?.stage ?? "waiting"} …`
		})
	});
	let { terms: s, others: c } = o.result, l = s.filter((e) => e.source === null && !Os(e)), u = zi(l, _s, r.order, void 0, r.effectOf), d = Bi(t, l, c.value);
	return /* @__PURE__ */ H(x, { children: [
		u.shown.map((e) => /* @__PURE__ */ H(Es, {
			term: e,
			level: 2,
			largest: d,
			sources: s.filter((t) => ks(t, e))
		}, Hi(e))),
		/* @__PURE__ */ H(Ns, {
			count: c.count,
			value: c.value,
			level: 2,
			largest: d
		}),
		/* @__PURE__ */ H(Ps, {
			level: 2,
			sum: u.sum + c.value,
			parent: e.value
		})
	] });
}
function Os({ kind: e }) {
	return e === "head_rounding" || e === "cross_head_rounding";
}
function ks(e, t) {
	return t.head !== null && e.head === t.head && (e.source !== null || Os(e));
}
function As(e) {
	let t = I(), n = (e) => Os(e) ? "rounding" : `from ${e.source} ${q(js(t.explained.value, e))}`, { shown: r, others: i, sum: a } = zi(e.terms, gs, "size"), o = Bi(e.largest, r, i.value);
	return /* @__PURE__ */ H(x, { children: [
		r.map((e) => /* @__PURE__ */ H(Ms, {
			name: n(e),
			value: e.value,
			level: 3,
			largest: o,
			part: null,
			open: null
		}, Hi(e))),
		/* @__PURE__ */ H(Ns, {
			count: i.count,
			value: i.value,
			level: 3,
			largest: o
		}),
		/* @__PURE__ */ H(Ps, {
			level: 3,
			sum: a,
			parent: e.parent
		})
	] });
}
function js(e, { kind: t, source: n }) {
	return e === null || n === null ? "" : t === "cross_attention" ? e.sources?.[n]?.label ?? "" : e.tokens[n]?.text ?? "";
}
function Ms(e) {
	let t = I(), { part: n, open: r, level: i } = e, a = n !== null && B(n, t.state.value.selection);
	return /* @__PURE__ */ H("tr", {
		class: `level-${i}${n !== null && B(n, t.hovered.value) ? " hovered" : ""}${n ? " choosable" : ""}`,
		"aria-level": i,
		"aria-selected": a,
		...r === null ? {} : { "aria-expanded": r },
		tabIndex: e.first || a ? 0 : -1,
		onClick: () => (e.onSelect ?? (() => {}))(),
		onMouseEnter: () => t.hovered.value = n,
		onMouseLeave: () => t.hovered.value = null,
		onKeyDown: (t) => {
			let n = t.key === "ArrowRight" || t.key !== "ArrowLeft" && null;
			n !== null && r !== null && r !== n ? (e.onToggle?.(n), t.stopPropagation(), t.preventDefault()) : (t.key === "Enter" || t.key === " ") && (e.onSelect?.(), t.preventDefault());
		},
		children: [
			/* @__PURE__ */ H("td", {
				class: "name",
				children: [r === null ? /* @__PURE__ */ H("span", { class: "twisty" }) : /* @__PURE__ */ H("span", {
					class: "twisty",
					"aria-hidden": "true",
					onClick: (t) => {
						t.stopPropagation(), e.onToggle?.(!r);
					},
					children: r ? "▾" : "▸"
				}), /* @__PURE__ */ H("bdi", { children: e.name })]
			}),
			/* @__PURE__ */ H("td", {
				class: "number",
				"data-value": e.value,
				children: /* @__PURE__ */ H(Gi, { value: e.value })
			}),
			/* @__PURE__ */ H("td", {
				class: "wide-only",
				children: /* @__PURE__ */ H(Wi, {
					value: e.value,
					largest: e.largest
				})
			}),
			/* @__PURE__ */ H("td", { children: n ? /* @__PURE__ */ H(ps, {
				part: n,
				brief: !0
			}) : null })
		]
	});
}
function Ns(e) {
	return e.count === 0 ? null : /* @__PURE__ */ H("tr", {
		class: `others level-${e.level}`,
		"aria-level": e.level,
		children: [
			/* @__PURE__ */ H("td", {
				class: "name",
				children: [
					/* @__PURE__ */ H("span", { class: "twisty" }),
					e.count,
					" others (net)"
				]
			}),
			/* @__PURE__ */ H("td", {
				class: "number",
				"data-value": e.value,
				children: /* @__PURE__ */ H(Gi, { value: e.value })
			}),
			/* @__PURE__ */ H("td", {
				class: "wide-only",
				children: /* @__PURE__ */ H(Wi, {
					value: e.value,
					largest: e.largest
				})
			}),
			/* @__PURE__ */ H("td", {})
		]
	});
}
function Ps(e) {
	let t = Math.abs(e.sum - e.parent) < .005;
	return /* @__PURE__ */ H("tr", {
		class: `sum level-${e.level}`,
		"aria-level": e.level,
		children: [
			/* @__PURE__ */ H("td", {
				class: "name",
				children: [/* @__PURE__ */ H("span", { class: "twisty" }), "sum"]
			}),
			/* @__PURE__ */ H("td", {
				class: "number",
				children: G(e.sum)
			}),
			/* @__PURE__ */ H("td", {
				colSpan: 2,
				class: t ? "" : "error",
				children: t ? "= the row above ✓" : `≠ the row above ${G(e.parent)}`
			})
		]
	});
}
function Fs(e) {
	let t = e.key === "ArrowDown" ? 1 : e.key === "ArrowUp" ? -1 : 0;
	if (t === 0) return;
	let n = [...e.currentTarget.querySelectorAll("tr[tabindex]")];
	n[n.indexOf(document.activeElement) + t]?.focus(), e.preventDefault();
}
// src/panels/Lens.tsx
var Is = 16, Ls = {
	rank: "rank of the target",
	probability: "probability of the target",
	top: "probability of the top token"
};
function Rs() {
	let e = I(), t = F("rank"), n = e.explained.value, r = n?.tokens.length ?? 0, i = xr(n?.position ?? 0, r), a = e.followed(), o = r > 128 ? [i.value, Math.min(i.value + 128, r)] : null, { answer: s, result: c, stale: l } = At(a ? {
		ask: "lens",
		prompt: a.prompt,
		...In({ source: a.source }),
		target: a.target,
		top: 5,
		...o ? { window: o } : {}
	} : null);
	if (!n) return null;
	let u = c ? Us(c.cells, i.value) : null, d = n.model.vocab, f = (e) => t.value === "rank" ? 1 - Math.log(e.rank) / Math.log(d) : t.value === "probability" ? e.probability : e.top_probability[0] ?? 0;
	return /* @__PURE__ */ H(J, {
		name: "lens",
		title: /* @__PURE__ */ H(X, {
			name: "logit lens",
			children: "Logit lens"
		}),
		note: /* @__PURE__ */ H(x, { children: [
			"What the ",
			/* @__PURE__ */ H(X, { name: "residual stream" }),
			" would predict after each layer at each token: the top token in the cell",
			u && !Bs(u.positions.length) ? " that is pointed at" : "",
			", the colour for",
			" ",
			q(n.target.text),
			". A cell chooses its position."
		] }),
		children: [
			/* @__PURE__ */ H("p", {
				class: "controls",
				children: /* @__PURE__ */ H("label", { children: [
					"Colour",
					" ",
					/* @__PURE__ */ H("select", {
						value: t.value,
						onChange: (e) => t.value = e.currentTarget.value,
						children: Object.entries(Ls).map(([e, t]) => /* @__PURE__ */ H("option", {
							value: e,
							children: t
						}, e))
					})
				] })
			}),
			/* @__PURE__ */ H(mi, {
				start: i,
				length: r,
				what: "tokens"
			}),
			/* @__PURE__ */ H(U, { answer: s }),
			u && u.positions.length > 0 ? /* @__PURE__ */ H("div", {
				class: l ? "stale" : "",
				children: [
					/* @__PURE__ */ H($r, {
						label: `Logit lens, ${Ls[t.value]} by layer and token`,
						columns: u.positions.length,
						rows: u.layers.length,
						colour: (e, t) => {
							let n = u.at(e, t);
							return n ? kr(f(n)) : null;
						},
						...Bs(u.positions.length) ? { text: (e, t) => Vs(u.at(e, t)) } : {},
						rest: [Math.max(0, u.positions.indexOf(n.position)), 0],
						tell: (e, t) => /* @__PURE__ */ H(Hs, {
							cell: u.at(e, t),
							token: c?.tokens[u.positions[e] ?? -1]
						}),
						rowName: (e) => zs(u.layers[e] ?? null),
						columnName: (e) => Kr(c?.tokens[u.positions[e] ?? -1]),
						marked: (e, t) => t === 0 && u.positions[e] === n.position,
						onChoose: (t) => e.set({
							position: u.positions[t] ?? null,
							target: null
						})
					}),
					/* @__PURE__ */ H(ui, {
						kind: "amount",
						...t.value === "rank" ? {
							low: `rank ${d.toLocaleString("en")}`,
							high: "rank 1, the top",
							middle: `rank ${Math.round(Math.sqrt(d)).toLocaleString("en")}`
						} : {
							low: "0 %",
							high: `100 %, ${Ls[t.value]}`
						}
					}),
					/* @__PURE__ */ H(fi, {
						label: "logit lens",
						head: [
							"layer",
							"position",
							"top token",
							"its probability",
							"target's rank",
							"target's probability"
						],
						rows: () => u.cells.map((e) => [
							zs(e.layer),
							`${e.position}`,
							/* @__PURE__ */ H("bdi", { children: Vs(e) }, "top"),
							K(e.top_probability[0] ?? 0),
							`${e.rank}`,
							K(e.probability)
						])
					})
				]
			}) : null
		]
	});
}
function zs(e) {
	return e === null ? "emb" : `L${e}`;
}
function Bs(e) {
	return e <= Is;
}
function Vs(e) {
	return Kr(e?.top[0]);
}
function Hs({ cell: e, token: t }) {
	return e ? /* @__PURE__ */ H(x, { children: [
		e.layer === null ? "Embedding" : `After L${e.layer}`,
		" at ",
		e.position,
		" ",
		Kr(t),
		": rank of the target ",
		e.rank.toLocaleString("en"),
		", ",
		K(e.probability),
		". Top:",
		" ",
		e.top.slice(0, 4).map((t, n) => /* @__PURE__ */ H("span", {
			class: "chip",
			children: [
				/* @__PURE__ */ H("bdi", { children: Kr(t) }),
				" ",
				/* @__PURE__ */ H("span", {
					class: "small",
					children: K(e.top_probability[n] ?? 0)
				})
			]
		}, t.id))
	] }) : null;
}
function Us(e, t) {
	let n = e.filter((e) => e.position >= t && e.position < t + 128), r = [...new Set(n.map((e) => e.layer))].sort((e, t) => (t ?? -1) - (e ?? -1)), i = [...new Set(n.map((e) => e.position))].sort((e, t) => e - t), a = new Map(n.map((e) => [`${e.layer} ${e.position}`, e]));
	return {
		cells: n,
		layers: r,
		positions: i,
		at: (e, t) => a.get(`${r[t] ?? null} ${i[e]}`)
	};
}
// src/panels/Looked.tsx
function Ws() {
	let e = I(), t = Z(), n = e.state.value.selection, r = t ? Gs(t, n) : null;
	if (!t || !r || r.looks_at.length === 0) return null;
	let i = 1 - r.looks_at.reduce((e, t) => e + t.attention, 0), a = q(t.tokens[t.position]?.text ?? "");
	return /* @__PURE__ */ H(J, {
		name: "looked",
		title: `Where ${V(R(r))} looked`,
		note: `Its attention from ${a}; all shares come to 1.`,
		children: /* @__PURE__ */ H("table", {
			class: "looked",
			children: [/* @__PURE__ */ H("thead", {
				class: "hidden",
				children: /* @__PURE__ */ H("tr", { children: [
					/* @__PURE__ */ H("th", {
						scope: "col",
						children: "token"
					}),
					/* @__PURE__ */ H("th", {
						scope: "col",
						children: "share"
					}),
					/* @__PURE__ */ H("th", {
						scope: "col",
						children: "attention"
					})
				] })
			}), /* @__PURE__ */ H("tbody", { children: [r.looks_at.map((e) => /* @__PURE__ */ H("tr", { children: [
				/* @__PURE__ */ H("th", {
					scope: "row",
					children: [
						/* @__PURE__ */ H("bdi", { children: q(e.text) }),
						" ",
						!r.cross && e.position === 0 && t.position > 0 ? /* @__PURE__ */ H("span", {
							class: "small",
							children: "first token"
						}) : null
					]
				}),
				/* @__PURE__ */ H("td", { children: /* @__PURE__ */ H("span", {
					class: "amount",
					"aria-hidden": "true",
					children: /* @__PURE__ */ H("span", { style: { width: `${e.attention * 100}%` } })
				}) }),
				/* @__PURE__ */ H("td", {
					class: "number",
					children: W(e.attention)
				})
			] }, e.position)), i > .005 ? /* @__PURE__ */ H("tr", { children: [
				/* @__PURE__ */ H("th", {
					scope: "row",
					class: "small",
					children: "elsewhere"
				}),
				/* @__PURE__ */ H("td", { children: /* @__PURE__ */ H("span", {
					class: "amount",
					"aria-hidden": "true",
					children: /* @__PURE__ */ H("span", {
						class: "rest",
						style: { width: `${i * 100}%` }
					})
				}) }),
				/* @__PURE__ */ H("td", {
					class: "number",
					title: K(i),
					children: W(i)
				})
			] }) : null] })]
		})
	});
}
function Gs(e, t) {
	let n = e.answer.part ? Bt(e.answer.part) : null, r = (t) => t && e.heads.find((e) => B(R(e), t));
	return r(t) ?? r(n) ?? e.heads[0] ?? null;
}
// src/panels/Pins.tsx
function Ks() {
	let e = I(), { pins: t, b: n } = e.state.value;
	return e.explained.value ? /* @__PURE__ */ H(J, {
		name: "pins",
		title: "Pins",
		note: t.length === 0 ? "Pin the test of a part (choose one in Why, Parts or Graph and press p) to see here what several do together." : "Each pin alone, and all of them together in one run.",
		children: t.length === 0 ? null : /* @__PURE__ */ H(x, { children: [
			/* @__PURE__ */ H("ul", {
				class: "pins",
				children: t.map((r, i) => /* @__PURE__ */ H("li", { children: [/* @__PURE__ */ H("div", {
					class: "controls",
					children: [
						/* @__PURE__ */ H(Y, { part: r.part }),
						/* @__PURE__ */ H("select", {
							"aria-label": `How ${V(r.part)} is tested`,
							value: r.how,
							onChange: (n) => {
								let r = n.currentTarget.value;
								e.set({ pins: t.map((e, t) => t === i ? {
									...e,
									how: r
								} : e) });
							},
							children: wn.map((e) => /* @__PURE__ */ H("option", {
								value: e,
								disabled: e === "swap" && n === null,
								children: e
							}, e))
						}),
						/* @__PURE__ */ H("button", {
							type: "button",
							"aria-label": `Remove the pin of ${V(r.part)}`,
							onClick: () => e.set({ pins: t.filter((e, t) => t !== i) }),
							children: "×"
						})
					]
				}), t.length > 1 ? /* @__PURE__ */ H(lo, {
					tests: [r],
					note: "this pin alone"
				}) : null] }, Ft(r.part)))
			}),
			t.length > 1 ? /* @__PURE__ */ H("h3", { children: "All together" }) : null,
			/* @__PURE__ */ H(lo, {
				tests: t,
				note: t.length === 1 ? "this pin" : `these ${t.length} pins`
			})
		] })
	}) : null;
}
// src/panels/Prediction.tsx
function qs() {
	let e = I().explained.value, t = na();
	if (!e) return null;
	let { target: n, position: r, tokens: i, model: a } = e;
	return /* @__PURE__ */ H(J, {
		name: "prediction",
		title: "Prediction",
		note: /* @__PURE__ */ H(x, { children: [
			a.bidirectional ? "At" : "After",
			" ",
			r,
			" ",
			q(i[r]?.text ?? ""),
			":",
			" ",
			q(n.text),
			" has ",
			K(n.probability),
			", rank ",
			n.rank,
			". Choose a token to explain it."
		] }),
		children: [e.notes.map((e) => /* @__PURE__ */ H("p", {
			class: "note",
			children: e
		}, e)), /* @__PURE__ */ H("div", {
			class: "side-by-side",
			children: [/* @__PURE__ */ H(Js, {
				explained: e,
				caption: t ? "A" : "Top tokens"
			}), t?.result ? /* @__PURE__ */ H(Js, {
				explained: t.result,
				caption: "B"
			}) : null]
		})]
	});
}
function Js({ explained: e, caption: t }) {
	let n = I();
	return /* @__PURE__ */ H("table", {
		class: "predictions",
		children: [
			/* @__PURE__ */ H("caption", { children: t }),
			/* @__PURE__ */ H("thead", { children: /* @__PURE__ */ H("tr", { children: [
				/* @__PURE__ */ H("th", {
					scope: "col",
					children: "token"
				}),
				/* @__PURE__ */ H("th", {
					scope: "col",
					class: "number",
					children: "probability"
				}),
				/* @__PURE__ */ H("th", {
					scope: "col",
					children: /* @__PURE__ */ H("span", {
						class: "hidden",
						children: "bar"
					})
				})
			] }) }),
			/* @__PURE__ */ H("tbody", { children: e.predictions.map((t) => /* @__PURE__ */ H("tr", { children: [
				/* @__PURE__ */ H("td", { children: /* @__PURE__ */ H("button", {
					type: "button",
					class: "part",
					"aria-pressed": t.id === e.target.id,
					disabled: n.data.host === "report",
					onClick: () => n.set({ target: An(t) }),
					children: /* @__PURE__ */ H($, { text: t.text })
				}) }),
				/* @__PURE__ */ H("td", {
					class: "number",
					children: K(t.probability)
				}),
				/* @__PURE__ */ H("td", { children: /* @__PURE__ */ H("span", {
					class: "amount",
					"aria-hidden": "true",
					children: /* @__PURE__ */ H("span", { style: { width: `${t.probability * 100}%` } })
				}) })
			] }, t.id)) })
		]
	});
}
// src/panels/Sentence.tsx
function Ys() {
	let e = I(), t = e.explained.value, n = L(Oi(e.followed()));
	if (!t) return null;
	let r = n?.result ?? null, i = r?.words?.units ?? [], a = n !== null && !r && !n.error;
	return /* @__PURE__ */ H("section", {
		class: "panel panel-sentence",
		"aria-label": "The answer",
		children: /* @__PURE__ */ H("p", {
			class: "sentence",
			children: r ? r.sentence.map((e, t) => /* @__PURE__ */ H(Zs, {
				span: e,
				units: i
			}, t)) : /* @__PURE__ */ H(x, { children: [Xs(t.sentence).map((e, t) => /* @__PURE__ */ H(Zs, {
				span: e,
				units: i
			}, t)), a ? /* @__PURE__ */ H("span", {
				class: "waiting",
				children: " Now each word is taken away, and each head switched off …"
			}) : null] })
		})
	});
}
function Xs(e) {
	let t = e.findIndex((e) => e.kind === null && e.text.trimEnd().endsWith("."));
	return t < 0 ? e : e.slice(0, t + 1);
}
function Zs({ span: e, units: t }) {
	let n = I(), r = e.kind === "part" ? Bt(e.text) : null;
	if (r) return /* @__PURE__ */ H(Y, { part: r });
	let i = e.kind === "word" ? t[e.place ?? -1] : void 0;
	return i ? /* @__PURE__ */ H("button", {
		type: "button",
		class: "noun",
		onClick: () => n.set({ word: i.positions[0] ?? null }),
		children: e.text
	}) : /* @__PURE__ */ H("span", {
		class: e.kind === null ? void 0 : `said-${e.kind}`,
		children: e.text
	});
}
// src/panels/Strongest.tsx
var Qs = 6;
function $s() {
	let e = I(), t = e.explained.value, n = L(Oi(e.followed())), r = Z(), i = F(!1);
	if (!t) return null;
	let { heads: a, neurons: o } = r ?? t, s = i.value ? Infinity : Qs;
	return /* @__PURE__ */ H(J, {
		name: "strongest",
		title: /* @__PURE__ */ H(x, { children: [
			/* @__PURE__ */ H(X, {
				name: "attention head",
				children: "Heads"
			}),
			" and ",
			/* @__PURE__ */ H(X, {
				name: "neuron",
				children: "neurons"
			})
		] }),
		note: r ? r.answer.text : "Credit is not cause: each is zeroed to see what changes.",
		children: [
			/* @__PURE__ */ H(U, { answer: n }),
			/* @__PURE__ */ H(di, {
				label: "The strongest, one a row",
				children: /* @__PURE__ */ H("table", { children: [/* @__PURE__ */ H("thead", { children: /* @__PURE__ */ H("tr", { children: [
					/* @__PURE__ */ H("th", {
						scope: "col",
						children: "part"
					}),
					/* @__PURE__ */ H("th", {
						scope: "col",
						class: "number",
						children: /* @__PURE__ */ H(X, { name: "credit" })
					}),
					/* @__PURE__ */ H("th", {
						scope: "col",
						children: "looks at / activation"
					}),
					/* @__PURE__ */ H("th", {
						scope: "col",
						children: "with → without it"
					}),
					/* @__PURE__ */ H("th", {
						scope: "col",
						children: "writes toward"
					})
				] }) }), /* @__PURE__ */ H("tbody", { children: [a.slice(0, s).map((e) => /* @__PURE__ */ H(ec, {
					part: R(e),
					value: e.value,
					shownFor: r ? e.shown_for : [],
					reads: e.looks_at.slice(0, 2).map((e) => /* @__PURE__ */ H(aa, { at: e }, e.position)),
					toward: e.writes_toward
				}, Ft(R(e)))), o.slice(0, s).map((e) => /* @__PURE__ */ H(ec, {
					part: z(e),
					value: e.value,
					shownFor: r ? e.shown_for : [],
					reads: G(e.activation, 1),
					toward: e.promotes
				}, Ft(z(e))))] })] })
			}),
			Math.max(a.length, o.length) > Qs ? /* @__PURE__ */ H("button", {
				type: "button",
				"aria-pressed": i.value,
				onClick: () => i.value = !i.value,
				children: i.value ? "Show the first" : `Show all ${a.length + o.length}`
			}) : null,
			/* @__PURE__ */ H("p", {
				class: "note",
				children: [
					"An effect is large from 1 ",
					/* @__PURE__ */ H(X, {
						name: "nats",
						children: "nat"
					}),
					", moderate from 0.3, small from 0.1;",
					" ",
					/* @__PURE__ */ H(X, {
						name: "causal",
						children: "causal"
					}),
					" where the target falls without the part, ",
					/* @__PURE__ */ H(X, { name: "suppressor" }),
					" where it rises, ○ ordinary where other parts of the kind do as much."
				]
			}),
			/* @__PURE__ */ H("p", {
				class: "note",
				children: r ? /* @__PURE__ */ H(x, { children: [
					/* @__PURE__ */ H(X, {
						name: "control",
						children: "Control"
					}),
					": ",
					tc(r)
				] }) : "\xA0"
			})
		]
	});
}
function ec(e) {
	return /* @__PURE__ */ H("tr", { children: [
		/* @__PURE__ */ H("th", {
			scope: "row",
			children: [
				/* @__PURE__ */ H(Y, { part: e.part }),
				" ",
				/* @__PURE__ */ H("span", {
					class: "small shown-for",
					children: e.shownFor.join(", ")
				})
			]
		}),
		/* @__PURE__ */ H("td", {
			class: "number",
			children: /* @__PURE__ */ H(Gi, { value: e.value })
		}),
		/* @__PURE__ */ H("td", { children: e.reads }),
		/* @__PURE__ */ H("td", { children: /* @__PURE__ */ H(ps, { part: e.part }) }),
		/* @__PURE__ */ H("td", { children: /* @__PURE__ */ H(ia, { tokens: e.toward.slice(0, 3) }) })
	] });
}
function tc(e) {
	let t = [["every head", e?.control?.heads], ["active or credited neurons", e?.control?.neurons]].flatMap(([e, t]) => t ? [`${e} (${t.count}): ${nc(t)}`] : []);
	return t.length > 0 ? `Zeroed one by one: ${t.join("; ")}.` : "";
}
function nc({ limit: e }) {
	return e === null ? "too few for a verdict by rank" : `one in twenty reaches ${W(e)} nats`;
}
// src/lib/find.ts
function rc(e, t) {
	let n = t.toLowerCase();
	if (!n) return [];
	let r = [], i = "";
	for (let t of e) r.push(i.length), i += t.toLowerCase();
	let a = [], o = 0;
	for (let e = i.indexOf(n); e >= 0; e = i.indexOf(n, e + 1)) {
		for (; o + 1 < r.length && (r[o + 1] ?? 0) <= e;) o += 1;
		a.at(-1) !== o && a.push(o);
	}
	return a;
}
// src/ui/Find.tsx
function ic(e) {
	let t = F(""), n = F(-1), r = rc(e.texts, t.value), i = (t) => {
		r.length !== 0 && (n.value = (n.value + t + r.length) % r.length, e.go(r[n.value] ?? null));
	}, a = (r) => {
		t.value = r, n.value = -1;
		let i = rc(e.texts, r)[0];
		i !== void 0 && (n.value = 0), e.go(i ?? null);
	};
	return /* @__PURE__ */ H("label", { children: [
		"Find in the prompt",
		" ",
		/* @__PURE__ */ H("input", {
			type: "search",
			value: t.value,
			onInput: (e) => a(e.currentTarget.value),
			onKeyDown: (e) => {
				e.key === "Enter" && (i(e.shiftKey ? -1 : 1), e.preventDefault());
			}
		}),
		" ",
		/* @__PURE__ */ H("output", {
			class: "small",
			children: t.value ? r.length === 0 ? "is not there" : `${n.value + 1} of ${r.length}, token ${r[n.value] ?? ""}` : ""
		})
	] });
}
// src/panels/TokenStrip.tsx
function ac() {
	let e = I(), t = e.explained.value, n = xr(t?.position ?? 0, t?.tokens.length ?? 0), r = F(null), i = Pe(() => (t?.tokens ?? []).map((e) => e.text), [t]), a = pc(), o = oc();
	if (!t) return null;
	let { tokens: s, position: c } = t, l = a !== null && Rt(a.part), u = [...o.values()].map((e) => e.effect), d = Math.max(0, ...(a?.values ?? u).map(Math.abs)), f = s.slice(n.value, n.value + 128), p = f.some((e) => e.role);
	return /* @__PURE__ */ H(J, {
		name: "strip",
		title: "Tokens",
		note: a ? /* @__PURE__ */ H(x, { children: [
			"Coloured by what each token gives the target through ",
			V(a.part),
			": orange + raises, purple − lowers; largest ",
			G(a.values.reduce((e, t) => Math.abs(t) > Math.abs(e) ? t : e, 0)),
			" logits."
		] }) : o.size > 0 ? `Under a word: what is left of ${q(t.target.text)} without it. ○ Many heads rest on the first word, whatever it says.` : `Choose the position ${t.model.bidirectional ? "whose token" : "whose next token"} is explained. Select a head or an attention sublayer to colour its sources.`,
		children: [
			e.reads() === null ? null : /* @__PURE__ */ H(lc, {
				sources: t.sources ?? [],
				values: l ? a.values : [],
				largest: d
			}),
			/* @__PURE__ */ H(mi, {
				start: n,
				length: s.length,
				what: "tokens"
			}),
			s.length > 128 ? /* @__PURE__ */ H(ic, {
				texts: i,
				go: (e) => {
					r.value = e, e !== null && (n.value = Sr(e, n.value, s.length));
				}
			}) : null,
			/* @__PURE__ */ H("ol", {
				class: "strip",
				start: n.value + 1,
				children: f.map((n, i) => {
					let s = n.role && (i === 0 || n.role !== f[i - 1]?.role), u = l || n.position > c && !t.model.bidirectional, m = a ? void 0 : o.get(n.position), h = u ? void 0 : a ? a.values[n.position] : m?.effect;
					return /* @__PURE__ */ H("li", { children: [/* @__PURE__ */ H("button", {
						type: "button",
						class: n.position === r.value ? "token found" : "token",
						"aria-pressed": n.position === c,
						style: uc(h, d),
						title: m && cc(m, t),
						onClick: () => e.set({
							position: n.position,
							target: null
						}),
						onKeyDown: (e) => fc(e),
						children: [
							/* @__PURE__ */ H("span", {
								class: "index",
								children: n.position
							}),
							/* @__PURE__ */ H($, { text: n.text }),
							m ? /* @__PURE__ */ H("span", {
								class: "sign",
								children: m.positions[0] === n.position ? sc(m) : "\xA0"
							}) : /* @__PURE__ */ H(dc, {
								value: h,
								largest: d
							})
						]
					}), p ? /* @__PURE__ */ H("span", {
						class: "small role",
						children: s ? n.role : "\xA0"
					}) : null] }, n.position);
				})
			})
		]
	});
}
function oc() {
	let e = I(), t = Z()?.words;
	if (e.reads() !== null || t?.by !== "word") return /* @__PURE__ */ new Map();
	let n = t.units.filter((e) => e.mark !== "last");
	return new Map(n.flatMap((e) => e.positions.map((t) => [t, e])));
}
function sc(e) {
	let t = e.difference_without === null ? K(e.probability_without) : G(e.difference_without);
	return e.mark === "first" ? `${t} ○` : t;
}
function cc(e, t) {
	let { target: n } = t, [r, i] = Rr(n.probability, e.probability_without), { instead: a } = e, o = a.id === n.id ? "the same" : `${q(a.text)} (${K(a.probability)})`;
	return `Without ${q(e.text)}: ${q(n.text)} ${r} → ${i} (${G(-e.effect)} ${e.difference_without === null ? "nats" : "logits"}); it says ${o}`;
}
function lc(e) {
	let t = xr(0, e.sources.length), n = e.sources.slice(t.value, t.value + 128);
	return /* @__PURE__ */ H(x, { children: [
		/* @__PURE__ */ H("p", {
			class: "note",
			children: "What the encoder read; cross-attention takes from here:"
		}),
		/* @__PURE__ */ H(mi, {
			start: t,
			length: e.sources.length,
			what: "source positions"
		}),
		/* @__PURE__ */ H("ol", {
			class: "strip",
			"aria-label": "Source",
			start: t.value + 1,
			children: n.map((t) => /* @__PURE__ */ H("li", { children: /* @__PURE__ */ H("span", {
				class: "token source",
				style: uc(e.values[t.position], e.largest),
				children: [
					/* @__PURE__ */ H("span", {
						class: "index",
						children: t.position
					}),
					/* @__PURE__ */ H($, { text: t.label }),
					/* @__PURE__ */ H(dc, {
						value: e.values[t.position],
						largest: e.largest
					})
				]
			}) }, t.position))
		})
	] });
}
function uc(e, t) {
	if (e === void 0) return {};
	let n = Or(e, t);
	return {
		background: n,
		color: Ar(n)
	};
}
function dc(e) {
	let { value: t } = e;
	return /* @__PURE__ */ H("span", {
		class: "sign",
		children: t !== void 0 && Math.abs(t) > e.largest / 20 ? G(t) : "\xA0"
	});
}
function fc(e) {
	let t = e.key === "ArrowRight" ? 1 : e.key === "ArrowLeft" ? -1 : 0;
	if (t === 0) return;
	let n = e.currentTarget.parentElement;
	(t > 0 ? n?.nextElementSibling : n?.previousElementSibling)?.querySelector("button")?.focus(), e.preventDefault();
}
function pc() {
	let e = I(), { selection: t } = e.state.value, n = e.followed(), r = (e) => e && n && It(e) !== "mlp" ? {
		ask: "attention",
		...n,
		layer: e.layer,
		...zt(e)
	} : null, i = L(r(t)), a = e.hovered.value, o = r(a), s = o && e.desk.peek(o);
	return a && s ? {
		part: a,
		values: mc(s, a)
	} : t && i?.result ? {
		part: t,
		values: mc(i.result, t)
	} : null;
}
function mc(e, t) {
	let n = e.heads.filter((e) => t.head === void 0 || e.head === t.head);
	return (Rt(t) ? e.sources ?? [] : e.tokens).map((e, t) => n.reduce((e, n) => e + (n.contribution[t] ?? 0), 0));
}
// src/lib/words.ts
function hc(e, t) {
	let n = new Map(t.flatMap((e) => e.positions.map((t) => [t, e]))), r = [], i = null;
	for (let t of e.tokens) {
		let e = n.get(t.position) ?? null;
		i && i.unit === e && i.role === (t.role ?? null) ? (i.text += t.text, i.tokens.push(t)) : (i = {
			unit: e,
			before: "",
			text: t.text,
			tokens: [t],
			role: t.role ?? null
		}, r.push(i));
	}
	return r.map(_c);
}
function gc(e, t) {
	let n = [...e], r = 0, i = [];
	for (let e of t) {
		if (e.start === null || e.end === null) continue;
		let t = n.slice(r, e.start).join("");
		i.push({
			unit: e,
			before: t,
			text: n.slice(e.start, e.end).join(""),
			tokens: [],
			role: null
		}), r = e.end;
	}
	let a = n.slice(r).join("");
	return a.trim() === "" ? i : [...i, {
		unit: null,
		before: "",
		text: a,
		tokens: [],
		role: null
	}];
}
function _c(e) {
	let { unit: t, tokens: n } = e;
	if (t && n.length > 1 && t.text.trim() !== "") {
		let n = /^\s*/.exec(e.text)?.[0] ?? "";
		return {
			...e,
			before: n,
			text: t.text.trim()
		};
	}
	let r = e.text, i = r.trimStart();
	return i === "" ? {
		...e,
		text: r
	} : {
		...e,
		before: r.slice(0, r.length - i.length),
		text: i
	};
}
function vc(e) {
	let t = e.filter((e) => e.mark === null);
	return [...t.length > 0 ? t : e].sort((e, t) => Math.abs(t.effect) - Math.abs(e.effect))[0] ?? null;
}
// src/panels/Words.tsx
var yc = 5, bc = 40;
function xc() {
	let e = I(), t = e.explained.value, n = Z(), r = F(null);
	if (!t) return null;
	let i = n?.words?.units ?? [], a = i.find((t) => t.positions[0] === e.state.value.word) ?? null, o = r.value ?? a ?? vc(i);
	return /* @__PURE__ */ H("section", {
		class: "panel panel-words",
		"aria-label": "The prompt and the answer",
		children: [
			/* @__PURE__ */ H(Sc, {
				explained: t,
				units: i,
				told: o,
				waiting: n === null,
				onHover: (e) => r.value = e
			}),
			/* @__PURE__ */ H(kc, { explained: t }),
			o ? /* @__PURE__ */ H(Oc, {
				unit: o,
				explained: t,
				tested: n
			}) : null,
			/* @__PURE__ */ H(Ac, {
				explained: t,
				tested: n
			}),
			t.notes.map((e) => /* @__PURE__ */ H("p", {
				class: "note",
				children: e
			}, e))
		]
	});
}
function Sc(e) {
	let t = I(), { explained: n, units: r } = e, { target: i } = n, a = Math.max(0, ...r.filter((e) => e.mark !== "last").map((e) => Math.abs(e.effect))), { source: o } = t.state.value, s = t.reads() === "text" && o !== null && r.length > 0 ? gc(o, r) : hc(n, r), c = s.some((e) => e.role !== null), l = s.filter((e) => e.role !== "template");
	return /* @__PURE__ */ H("div", {
		class: l.length > bc || n.tokens.length > 160 ? "text long" : "text",
		dir: "auto",
		children: [l.map((t, r) => /* @__PURE__ */ H(x, { children: [c && t.role !== null && t.role !== (l[r - 1]?.role ?? null) ? /* @__PURE__ */ H("span", {
			class: "turn",
			children: t.role
		}) : /* @__PURE__ */ H(Cc, { text: r === 0 ? "" : t.before }), /* @__PURE__ */ H(wc, {
			stretch: t,
			largest: a,
			explained: n,
			told: e.told,
			onHover: e.onHover
		})] }, r)), /* @__PURE__ */ H("span", {
			class: "answer",
			children: [/* @__PURE__ */ H("span", {
				class: "arrow",
				"aria-hidden": "true",
				children: "→"
			}), /* @__PURE__ */ H("button", {
				type: "button",
				class: "said",
				title: "What the model says here; choose it to see how the parts add up to it",
				onClick: () => t.go("parts"),
				children: [
					/* @__PURE__ */ H($, { text: i.text.trim() === "" ? i.text : i.text.trim() }),
					" ",
					/* @__PURE__ */ H("span", {
						class: "small",
						children: K(i.probability)
					})
				]
			})]
		})]
	});
}
function Cc({ text: e }) {
	let t = e.split("\n").length - 1;
	return t > 0 ? /* @__PURE__ */ H(x, { children: [/* @__PURE__ */ H("span", {
		class: "small",
		children: "↵".repeat(t)
	}), /* @__PURE__ */ H("br", {})] }) : /* @__PURE__ */ H("span", { children: e === "" ? "" : " " });
}
function wc(e) {
	let t = I(), { stretch: n, explained: r, largest: i } = e, { unit: a } = n;
	if (!a) return /* @__PURE__ */ H("span", {
		class: "unread",
		children: n.text
	});
	let o = a.mark !== "last", s = o && i > 0 ? Or(.75 * a.effect / i, 1) : null, c = s && a.mark === null ? {
		background: s,
		color: Ar(s)
	} : {};
	return /* @__PURE__ */ H("button", {
		type: "button",
		class: `word${a.mark ? ` ${a.mark}` : ""}`,
		title: Ec(a, r),
		"aria-pressed": a === e.told && t.state.value.word !== null,
		onClick: () => t.set({ word: a.positions[0] ?? null }),
		onMouseEnter: () => e.onHover(a),
		onMouseLeave: () => e.onHover(null),
		onFocus: () => e.onHover(a),
		onBlur: () => e.onHover(null),
		children: [/* @__PURE__ */ H("span", {
			class: "word-text",
			style: c,
			children: n.text.trim() === "" ? q(n.text) : n.text
		}), /* @__PURE__ */ H("small", { children: o ? Tc(a, r) : "asked here" })]
	});
}
function Tc(e, t) {
	let n = Math.abs(e.effect) < .1 ? "" : e.effect > 0 ? "↓ " : "↑ ";
	return e.difference_without === null ? n + Rr(t.target.probability, e.probability_without)[1] : n + G(e.difference_without);
}
function Ec(e, t) {
	let { target: n, reference: r, ledger: i } = t, a = e.difference_without !== null && r.kind === "versus", [o, s] = a ? [G(i.value), `${G(e.difference_without ?? 0)} logits`] : Rr(n.probability, e.probability_without), c = a ? `the lead of ${Dc(n.text)} over ${Dc(r.text ?? "")}` : Dc(n.text);
	return `Without ${Dc(e.text)} alone: ${c} ${o} → ${s}`;
}
function Dc(e) {
	return q(e.trim() || e);
}
function Oc(e) {
	let t = I(), { unit: n, explained: r, tested: i } = e, { instead: a } = n, o = t.reads() !== null, s = (i?.heads ?? []).filter((e) => e.looks_at.some((t) => e.cross === o && n.positions.includes(t.position) && t.attention >= .25)).filter((e) => e.zeroed && e.zeroed.effect.verdict !== "ordinary").slice(0, 4), c = o ? void 0 : r.tokens[n.positions.at(-1) ?? -1];
	return /* @__PURE__ */ H("p", {
		class: "without",
		"aria-live": "polite",
		children: [
			/* @__PURE__ */ H("strong", { children: Ec(n, r) }),
			n.difference_without === null ? /* @__PURE__ */ H("span", {
				class: "small",
				children: [
					" (",
					G(-n.effect),
					" nats)"
				]
			}) : null,
			n.mark === "last" ? ". The question is asked here, so without it another question is asked." : null,
			n.mark === "first" ? ". Many heads rest on the first word, whatever it says." : null,
			a.id === r.target.id ? ". It still says " : ". It says ",
			/* @__PURE__ */ H($, { text: a.text }),
			" ",
			/* @__PURE__ */ H("span", {
				class: "small",
				children: K(a.probability)
			}),
			a.id === r.target.id ? "." : " instead.",
			" ",
			s.length > 0 ? /* @__PURE__ */ H(x, { children: [
				"Read by",
				" ",
				s.map((e) => /* @__PURE__ */ H(x, { children: [/* @__PURE__ */ H(Y, { part: R(e) }), " "] }, `${e.layer} ${e.head}`))
			] }) : null,
			c && c.position !== r.position && t.data.host !== "report" ? /* @__PURE__ */ H("button", {
				type: "button",
				onClick: () => t.set({
					position: c.position,
					target: null,
					word: null
				}),
				children: [
					"What ",
					r.model.bidirectional ? "stands at" : "follows",
					" ",
					Dc(n.text),
					"?"
				]
			}) : null
		]
	});
}
function kc({ explained: e }) {
	let t = I(), n = e.predictions.filter((t) => t.id !== e.target.id).slice(0, yc), { vs: r } = t.state.value, i = t.data.host === "report";
	return /* @__PURE__ */ H("p", {
		class: "alternatives",
		children: [
			/* @__PURE__ */ H("span", { children: "or" }),
			n.map((e) => /* @__PURE__ */ H("button", {
				type: "button",
				class: "alternative",
				disabled: i,
				title: "Explain this token",
				onClick: () => t.set({ target: An(e) }),
				children: [
					/* @__PURE__ */ H($, { text: e.text.trim() === "" ? e.text : e.text.trim() }),
					" ",
					/* @__PURE__ */ H("span", {
						class: "small",
						children: K(e.probability)
					})
				]
			}, e.id)),
			/* @__PURE__ */ H("label", {
				class: "compare-with",
				children: [/* @__PURE__ */ H("span", {
					class: "hidden",
					children: "Compare with"
				}), /* @__PURE__ */ H("select", {
					value: r ?? "",
					disabled: i,
					onChange: (e) => t.set({ vs: e.currentTarget.value || null }),
					children: [
						/* @__PURE__ */ H("option", {
							value: "",
							children: r === null ? "compare with …" : "compare with nothing"
						}),
						r === null || n.some((e) => e.text === r) ? null : /* @__PURE__ */ H("option", {
							value: r,
							children: ["against ", q(r)]
						}),
						n.filter((e) => !e.text.includes("�") && e.text !== "").map((e) => /* @__PURE__ */ H("option", {
							value: e.text,
							children: ["against ", q(e.text)]
						}, e.id))
					]
				})]
			})
		]
	});
}
function Ac(e) {
	let { explained: t, tested: n } = e, r = n?.words;
	if (!n) return /* @__PURE__ */ H("p", {
		class: "key",
		children: "Each word is being taken away, to see what is left …"
	});
	if (!r) return /* @__PURE__ */ H("p", {
		class: "key",
		children: "No word can be taken away here."
	});
	let i = Dc(t.target.text), a = t.reference.kind === "versus" ? `the lead of ${i}, in logits,` : `the probability of ${i}`, o = r.units.some((e) => e.mark === "first");
	return /* @__PURE__ */ H("p", {
		class: "key",
		children: [
			"Under each ",
			r.by,
			": ",
			a,
			" when that ",
			r.by,
			" alone is ",
			r.how === "mask" ? "hidden" : "deleted",
			".",
			" ",
			/* @__PURE__ */ H("span", {
				class: "swatch falls",
				"aria-hidden": "true"
			}),
			" ↓ it falls, ",
			/* @__PURE__ */ H("span", {
				class: "swatch rises",
				"aria-hidden": "true"
			}),
			" ↑ it rises.",
			o ? /* @__PURE__ */ H(x, { children: [
				" ",
				/* @__PURE__ */ H("span", {
					class: "swatch hatched",
					"aria-hidden": "true"
				}),
				" The first word, on which many heads rest whatever it says."
			] }) : null,
			" ",
			"Choose a word to see more."
		]
	});
}
// src/views/Views.tsx
var jc = {
	why: Nc,
	parts: Pc,
	graph: Fc,
	tests: Ic,
	compare: Lc,
	facts: Rc,
	continue: zc
};
function Mc() {
	let { view: e } = I().state.value, t = jc[e];
	return /* @__PURE__ */ H("div", {
		class: `view view-${e}`,
		children: /* @__PURE__ */ H(t, {})
	});
}
function Nc() {
	let e = I();
	return /* @__PURE__ */ H(x, { children: [
		/* @__PURE__ */ H(Ys, {}),
		/* @__PURE__ */ H(xc, {}),
		/* @__PURE__ */ H(Ji, {}),
		/* @__PURE__ */ H("div", {
			class: "beside",
			children: [
				e.state.value.selection ? /* @__PURE__ */ H(yo, {}) : null,
				/* @__PURE__ */ H(Ws, {}),
				/* @__PURE__ */ H(Mo, {})
			]
		})
	] });
}
function Pc() {
	return /* @__PURE__ */ H(x, { children: [
		/* @__PURE__ */ H(ac, {}),
		/* @__PURE__ */ H("div", {
			class: "column column-middle",
			children: [
				/* @__PURE__ */ H(bs, {}),
				/* @__PURE__ */ H(Sa, {}),
				/* @__PURE__ */ H($s, {})
			]
		}),
		/* @__PURE__ */ H("div", {
			class: "column column-right",
			children: [
				/* @__PURE__ */ H(yo, {}),
				/* @__PURE__ */ H(Rs, {}),
				/* @__PURE__ */ H(hi, {})
			]
		})
	] });
}
function Fc() {
	return /* @__PURE__ */ H(x, { children: [/* @__PURE__ */ H(eo, {}), /* @__PURE__ */ H(yo, {})] });
}
function Ic() {
	return /* @__PURE__ */ H(x, { children: [/* @__PURE__ */ H(Ks, {}), /* @__PURE__ */ H(yo, {})] });
}
function Lc() {
	return /* @__PURE__ */ H(x, { children: [/* @__PURE__ */ H(ua, {}), /* @__PURE__ */ H(qs, {})] });
}
function Rc() {
	return /* @__PURE__ */ H(os, {});
}
function zc() {
	return /* @__PURE__ */ H(x, { children: [/* @__PURE__ */ H(qs, {}), /* @__PURE__ */ H(oo, {})] });
}
// src/App.tsx
function Bc({ page: e }) {
	let t = A(null);
	return Me(() => e.link(), [e]), Me(() => t.current ? Mt(e, t.current) : void 0, [e]), /* @__PURE__ */ H(kt.Provider, {
		value: e,
		children: /* @__PURE__ */ H("div", {
			class: "unembed",
			ref: t,
			children: [
				/* @__PURE__ */ H(or, {}),
				/* @__PURE__ */ H(Vc, { page: e }),
				/* @__PURE__ */ H(mr, {}),
				/* @__PURE__ */ H(Wn, {}),
				/* @__PURE__ */ H(br, {})
			]
		})
	});
}
function Vc({ page: e }) {
	let t = e.asked(), n = e.state.value, r = L(t ? {
		ask: "explain",
		...Fn(n),
		test: !1,
		top: 10
	} : null), i = r?.result ?? null;
	return Me(() => {
		i && e.take(i, n), (!t || r?.error) && e.take(null, n);
	}, [
		i,
		r?.error,
		t
	]), t ? /* @__PURE__ */ H(x, { children: [
		r && !i && !e.desk.lost.value ? /* @__PURE__ */ H("div", {
			class: "panel",
			children: /* @__PURE__ */ H(U, { answer: r })
		}) : null,
		/* @__PURE__ */ H(hr, {}),
		/* @__PURE__ */ H("main", {
			class: i ? "" : "stale",
			children: /* @__PURE__ */ H(Mc, {})
		})
	] }) : /* @__PURE__ */ H(vr, {});
}
// src/styles.css?inline
var Hc = ".unembed{--ground:#fbfbf9;--panel:#fff;--ink:#1b1b1a;--dim:#5a5a57;--line:#d4d4cf;--accent:#7a3e00;--chosen:#fde3c4;--hover:#f4f1ea;--positive:#b35806;--positive-ink:#8a4300;--negative-ink:#542788;--negative:#542788;--error:#a3123a;--mark:#fdc98f;--mark-negative:#d3cbe6;color:var(--ink);background:var(--ground);min-height:100%;font:14px/1.45 system-ui,sans-serif;container-type:inline-size}@media (prefers-color-scheme:dark){.unembed{--ground:#161615;--panel:#1f1f1e;--ink:#ececea;--dim:#b0b0ab;--line:#44443f;--accent:#fdb863;--chosen:#5a3a12;--hover:#2a2a28;--positive:#fdb863;--positive-ink:#fdb863;--negative-ink:#c9c0ea;--negative:#b9aee0;--error:#ff9db4;--mark:#8a4f14;--mark-negative:#584882;--lightningcss-light: ;--lightningcss-dark:initial;color-scheme:dark}}body:has(>#unembed>div>.unembed) .unembed{min-height:100vh}body:has(>#unembed>div>.unembed){--lightningcss-light:initial;--lightningcss-dark: ;color-scheme:light dark;background:canvas;max-width:none;margin:0;padding:0}@media (prefers-color-scheme:dark){body:has(>#unembed>div>.unembed){--lightningcss-light: ;--lightningcss-dark:initial}}.unembed *{box-sizing:border-box}.unembed main{max-width:1230px;margin:0 auto;padding:18px 24px 60px}.unembed .view{grid-template-columns:minmax(0,1fr);align-items:start;gap:16px;display:grid}.unembed .view>div:empty{display:none}.unembed .column,.unembed .beside{grid-template-columns:minmax(0,1fr);align-content:start;gap:16px;min-width:0;display:grid}@container (width>=900px){.unembed .view-why{grid-template-columns:minmax(0,1.8fr) minmax(0,1fr)}.unembed .view-parts{grid-template-columns:minmax(0,1.2fr) minmax(0,1fr)}:is(.unembed .view-graph:has(.panel-inspector dl),.unembed .view-tests,.unembed .view-continue){grid-template-columns:minmax(0,2fr) minmax(0,1fr)}.unembed .panel-sentence,.unembed .panel-words,.unembed .panel-strip,.unembed .panel-compare{grid-column:1/-1}.unembed .panel-inspector{max-height:96vh;position:sticky;top:8px;overflow:auto}}@container (width<=899px){.unembed main{padding:12px 10px 40px}.unembed .panel-inspector:has(.test){z-index:2;max-height:45vh;position:sticky;bottom:0;overflow:auto;box-shadow:0 -2px 12px #00000040}}@container (width>=1600px){.unembed{font-size:16px}.unembed main{max-width:1760px}.unembed .view-why .beside{grid-template-columns:minmax(0,1fr)}.unembed .view-parts{grid-template-columns:minmax(0,1.1fr) minmax(0,1fr)}}@container (width>=2400px){.unembed main{max-width:2600px;font-size:22px}}.unembed .toast:empty{display:none}.unembed .toast{width:-moz-fit-content;width:fit-content;max-width:90%;color:var(--panel);background:var(--ink);z-index:3;border-radius:8px;margin:0 auto;padding:6px 14px;position:sticky;bottom:12px}@media (prefers-reduced-motion:reduce){.unembed *{scroll-behavior:auto}}.unembed h1,.unembed h2,.unembed h3{margin:0 0 4px;font-size:1.05em}.unembed .close{float:right;border:0;font-size:1.2em;line-height:1}.unembed h1{font-size:1.25em}.unembed h3{margin-top:12px}.unembed .note{color:var(--dim);overflow-wrap:anywhere;margin:2px 0 6px}.unembed .error{color:var(--error);white-space:pre-wrap;overflow-wrap:anywhere}.unembed .stale{opacity:.6}.unembed .title,.unembed .fields,.unembed .controls,.unembed .window{flex-wrap:wrap;align-items:center;gap:6px 10px;margin:0 0 6px;display:flex}.unembed input,.unembed textarea,.unembed select,.unembed button{font:inherit;color:var(--ink);background:var(--panel);border:1px solid var(--dim);border-radius:4px;max-width:100%;padding:3px 8px}.unembed input[type=range]{accent-color:var(--accent);padding:0}.unembed textarea{resize:vertical;width:100%}.unembed input[type=text],.unembed input[type=search]{width:9em}.unembed button{cursor:pointer}.unembed button:hover:not(:disabled){background:var(--hover)}.unembed button:disabled{cursor:default;color:var(--dim);border-style:dashed}.unembed button[aria-pressed=true]{background:var(--chosen);border-color:var(--accent);font-weight:600}.unembed :focus-visible{outline:2px solid var(--accent);outline-offset:1px}.unembed kbd{border:1px solid var(--line);border-radius:3px;padding:0 4px;font:.85em ui-monospace,monospace}.unembed .hidden{clip-path:inset(50%);white-space:nowrap;width:1px;height:1px;position:absolute;overflow:hidden}.unembed .small,.unembed .index{color:var(--dim);font-size:.85em}.unembed .choosable{cursor:pointer}.unembed dl{margin:0 0 8px}.unembed dl>div{grid-template-columns:8.5em minmax(0,1fr);padding:1px 0;display:grid}.unembed dt{color:var(--dim)}.unembed dd{margin:0}.unembed fieldset{border:1px solid var(--line);border-radius:4px;min-width:0;margin:0}.unembed .axis{stroke:var(--dim)}.unembed span.positive.number{color:var(--positive-ink)}.unembed span.negative.number{color:var(--negative-ink)}.unembed .bar{background:linear-gradient(var(--line), var(--line)) center / 1px 100% no-repeat;border-left:1px solid #0000;min-width:60px;height:.8em;display:block;position:relative}.unembed .bar span{position:absolute;top:0;bottom:0}.unembed .bar .positive{background:var(--positive);left:50%}.unembed .bar .negative{background:repeating-linear-gradient(45deg, var(--negative) 0 3px, transparent 3px 5px);right:50%}.unembed .grid{max-height:70vh;overflow:auto}.unembed .grid canvas{color:var(--ink);display:block}.unembed .told{height:3.4em;color:var(--dim);overflow-wrap:anywhere;margin:2px 0;overflow:auto}.unembed .legend{color:var(--dim);flex-wrap:wrap;align-items:center;gap:2px 8px;margin:2px 0 4px;font-size:.9em;display:flex}.unembed .legend .ramp{border:1px solid var(--line);width:110px;height:.8em}@container (width<=520px){.unembed .told{height:6em}}.unembed .outcome{font-variant-numeric:tabular-nums}.unembed td>.outcome:has(.mark){white-space:nowrap}@container (width<=520px){.unembed td>.outcome .from{display:none}}.unembed .outcome .mark{width:1em;display:inline-block}.unembed .panel{background:var(--panel);border:1px solid var(--line);border-radius:12px;min-width:0;padding:14px 18px}.unembed .side-by-side{grid-template-columns:repeat(auto-fit,minmax(min(210px,100%),1fr));gap:8px;display:grid}.unembed .side-by-side.wide{grid-template-columns:repeat(auto-fit,minmax(min(420px,100%),1fr));gap:8px 24px}.unembed .side-by-side>*{min-width:0}.unembed .part{padding:0 6px}.unembed table{border-collapse:collapse;width:100%}.unembed caption{text-align:left;color:var(--dim)}.unembed th,.unembed td{text-align:left;vertical-align:baseline;padding:2px 6px;font-weight:400}.unembed thead th{color:var(--dim);border-bottom:1px solid var(--line)}.unembed .number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}.unembed .scroll{max-width:100%;position:relative;overflow:auto}.unembed .twin .scroll{max-height:24em}.unembed .others td,.unembed .sum td,.unembed .others th{color:var(--dim)}.unembed .sum td{border-bottom:1px solid var(--line)}.unembed .total>*{border-top:2px solid var(--line);font-weight:600}.unembed .total td[colspan]{font-weight:400}@container (width<=520px){.unembed .wide-only{display:none}.unembed th,.unembed td{padding:2px 3px}}.unembed .term{font:inherit;color:inherit;-webkit-text-decoration:underline dotted var(--dim) 1px;text-decoration:underline dotted var(--dim) 1px;text-underline-offset:3px;cursor:help;background:0 0;border:0;border-radius:0;padding:0}.unembed .big{font-variant-numeric:tabular-nums;margin:4px 0;font-size:1.3em}.unembed .scale{width:100%;max-width:420px}.unembed .band{fill:var(--line)}.unembed .move{stroke:var(--accent);stroke-width:2px}.unembed .before{fill:var(--panel);stroke:var(--accent);stroke-width:2px}.unembed .after{fill:var(--accent)}.unembed .token-text{white-space:pre-wrap;overflow-wrap:anywhere}.unembed .chip{border:1px solid var(--line);border-radius:4px;margin:1px 2px 1px 0;padding:0 5px;display:inline-block}.unembed .strip{flex-wrap:wrap;gap:4px;max-height:60vh;margin:4px 0;padding:3px;list-style:none;display:flex;overflow:auto}.unembed .token{justify-items:center;padding:1px 8px;display:grid}.unembed .token[style] .index{color:inherit}.unembed .token[aria-pressed=true]{box-shadow:0 0 0 2px var(--accent)}.unembed .multiples{grid-template-columns:repeat(auto-fill,minmax(min(190px,100%),1fr));gap:8px;margin:0;padding:0;list-style:none;display:grid}.unembed .strip-names{color:var(--dim);font-size:.75em;display:grid}.unembed .strip-names bdi{text-overflow:ellipsis;white-space:nowrap;text-align:center;overflow:hidden}.unembed .strips{width:100%;height:34px;margin-top:2px;display:block}.unembed .panel-carried table{min-width:520px}.unembed .panel-carried th,.unembed .panel-carried td{vertical-align:middle;border-bottom:1px solid color-mix(in srgb, var(--line) 60%, transparent);padding:5px 8px 5px 0}.unembed .panel-carried thead th{vertical-align:bottom;font-size:.9em}.unembed .panel-carried .number{padding-right:14px}.unembed .panel-carried thead .without-column{width:24%;min-width:110px;padding-bottom:1.9em;position:relative}.unembed .mark-before{white-space:nowrap;color:var(--ink);font-size:.9em;position:absolute;bottom:0;transform:translate(-50%)}.unembed .mark-before:after{content:\"▾\";text-align:center;line-height:.6;display:block}.unembed .left{background:color-mix(in srgb, var(--line) 55%, transparent);border-radius:3px;height:.85em;display:block;position:relative}.unembed .left i{background:var(--positive);border-radius:3px;position:absolute;inset:0 auto 0 0}.unembed .left.more i{background:repeating-linear-gradient(135deg, var(--negative) 0 3px, transparent 3px 6px);outline:1px solid var(--negative)}.unembed .left b{background:var(--ink);width:2px;position:absolute;top:-4px;bottom:-4px}.unembed .tag{white-space:nowrap;border:1px solid var(--line);border-radius:99px;padding:1px 8px;font-size:.87em}.unembed .tag.carries{background:color-mix(in srgb, var(--mark) 45%, transparent);border-color:#0000}.unembed .tag.holds-back{background:color-mix(in srgb, var(--mark-negative) 60%, transparent);border-color:#0000}.unembed .controls.end{justify-content:flex-end}@container (width<=520px){.unembed .panel-carried table{min-width:0}.unembed .panel-carried table .wide-only{display:none}.unembed .panel-carried .tag,.unembed .panel-carried td.number{white-space:normal}}.unembed .columns{width:auto}.unembed .columns td{text-align:center}.unembed .columns .token-text{white-space:pre}.unembed .columns .differs{background:var(--chosen)}.unembed .columns .alone{outline:1px dashed var(--accent);outline-offset:-2px}.unembed .neurons{flex-wrap:wrap;gap:3px;display:inline-flex}.unembed .fact label,.unembed .fact select{max-width:100%}.unembed .fact fieldset{margin-top:8px}.unembed .stacked textarea{display:block}.unembed .find input[aria-invalid=true]{border-color:var(--error)}.unembed .flow text{fill:var(--ink);text-anchor:middle;font-size:11px}.unembed .flow .band-of-token rect{fill:none}.unembed .flow .band-of-token .odd{fill:var(--hover)}.unembed .flow .band-of-token .token-node{fill:var(--panel);stroke:var(--line)}.unembed .flow .faded{opacity:.15}.unembed .flow .spot rect{fill:var(--panel);stroke:var(--dim)}.unembed .flow .spot:is(.hovered,.choosable:hover) rect{fill:var(--hover)}.unembed .flow .spot.choosable[aria-pressed=true]>rect:first-child{fill:var(--chosen);stroke:var(--accent);stroke-width:2px}.unembed .edge:not(.faded){opacity:.75}.unembed .edge.positive{stroke:var(--positive)}.unembed .edge.negative{stroke:var(--negative);stroke-dasharray:5 3}.unembed .edge{fill:none}.unembed .top{background:var(--panel);border-bottom:1px solid var(--line)}.unembed .title{border-bottom:1px solid var(--line);align-items:end;margin:0;padding:10px 24px}.unembed .title h1,.unembed .title .model{align-self:center;margin:0}.unembed .model{color:var(--dim);border:1px solid var(--line);border-radius:99px;padding:1px 10px;font-size:.9em}.unembed .fields{align-items:end}.unembed .title .fields{flex:320px;margin:0}.unembed .fields label{color:var(--dim);gap:2px;min-width:0;font-size:.9em;display:grid}.unembed select.earlier{width:5em}.unembed .fields label.wide{flex:260px}.unembed .find{color:var(--dim);gap:2px;font-size:.9em;display:grid}.unembed .bar-of-views{flex-wrap:wrap;justify-content:space-between;align-items:center;gap:0 16px;padding:0 24px;display:flex}.unembed nav{flex-wrap:wrap;display:flex}.unembed nav a{color:var(--dim);border-bottom:2px solid #0000;padding:9px 12px;text-decoration:none}.unembed nav a:hover{color:var(--ink)}.unembed nav a[aria-current]{color:var(--ink);border-color:var(--accent);font-weight:600}.unembed .options summary{color:var(--dim);cursor:pointer}.unembed .options .fields{margin:0;padding:4px 0 8px}@container (width<=899px){.unembed .title,.unembed .bar-of-views{padding-left:10px;padding-right:10px}.unembed nav a{padding:8px 7px}}.unembed dialog{color:var(--ink);background:var(--panel);border:1px solid var(--dim);border-radius:6px;max-width:min(520px,92vw)}.unembed .glossary dl{max-height:65vh;overflow:auto}.unembed .glossary .chosen{background:var(--chosen)}.unembed .glossary h2{flex:1}.unembed .curve{width:100%;height:auto;display:block}.unembed .curve text{fill:var(--dim);font:11px system-ui,sans-serif}.unembed .curve .strong{fill:var(--ink);font-weight:600}.unembed .curve polyline{fill:none;stroke:var(--positive);stroke-width:2.5px}.unembed .curve circle{fill:var(--positive)}.unembed .grid-line{stroke:var(--line)}.unembed .layers{width:100%;max-width:640px}.unembed .layers .positive{fill:var(--positive)}.unembed .layers .negative{fill:var(--negative)}.unembed .layers text{fill:var(--dim);text-anchor:middle;font-size:8px}.unembed .ledger .name{white-space:nowrap;text-overflow:ellipsis;max-width:17em;overflow:hidden}.unembed .ledger .wide-only{width:30%}.unembed .ledger .twisty{cursor:pointer;width:1.2em;display:inline-block}.unembed .ledger .level-2 .name{padding-left:1.6em}.unembed .ledger .level-3 .name{padding-left:3.2em}.unembed .ledger tr:hover,.unembed .ledger tr.hovered{background:var(--hover)}.unembed .ledger tr[aria-selected=true]{background:var(--chosen)}.unembed .looked th{white-space:nowrap;width:1%;font-weight:600}.unembed .looked .rest{background:var(--line)}.unembed .lost{border-color:var(--error);max-width:min(1182px,100% - 20px);margin:12px auto 0}.unembed .lost p{overflow-wrap:anywhere;margin:0 0 8px}.unembed .pins{gap:4px;margin:0 0 6px;padding:0;list-style:none;display:grid}.unembed .pins li{border-bottom:1px solid var(--line);padding-bottom:10px}.unembed .pins .controls{margin:4px 0}.unembed .predictions td:last-child{width:45%}.unembed .amount{min-width:50px;height:.8em;display:block}.unembed .amount span{background:var(--positive);height:100%;display:block}.unembed .panel-sentence{background:0 0;border:0;padding:0}.unembed .sentence{letter-spacing:-.01em;overflow-wrap:anywhere;max-width:62ch;min-height:8.7em;margin:0;font-size:1.4em;line-height:1.45}@container (width>=900px){.unembed .sentence{min-height:4.35em;font-size:1.7em}}.unembed .said-token{font-weight:650}.unembed .said-number{font-variant-numeric:tabular-nums;color:var(--accent);font-weight:650}.unembed .sentence button{border:0;border-bottom:2px solid var(--mark);background:0 0;border-radius:0;padding:0;font-weight:650}.unembed .sentence button[aria-pressed=true]{background:var(--chosen)}.unembed .waiting{color:var(--dim);font-size:.7em}.unembed .start{max-width:720px;font-size:1.15em}.unembed .start h2{font-size:1.6em}.unembed .start ul{gap:8px;padding:0;list-style:none;display:grid}.unembed .start button{text-align:start;border-color:var(--line);border-radius:8px;width:100%;padding:10px 14px}.unembed .start .small{display:block}.unembed .panel-strongest table{min-width:460px}.unembed .panel-strongest .shown-for{font-weight:400;display:block}.unembed .panel-strongest td:last-child{min-width:96px}.unembed .panel-strongest .outcome>span:first-child,.unembed .panel-strongest .verdict>span:first-child{white-space:nowrap}.unembed .token.found{outline:2px dashed var(--accent);outline-offset:1px}.unembed .panel-strip .note{min-height:4.4em}@container (width>=820px){.unembed .panel-strip .note{min-height:2.9em}}@container (width>=1250px){.unembed .panel-strip .note{min-height:1.45em}}.unembed .sign{text-align:center;white-space:nowrap;width:6ch;font-size:.85em}.unembed .role{display:block}.unembed .text{overflow-wrap:anywhere;max-height:60vh;padding:2px 2px 6px;font:500 1.75em/1.6 ui-serif,Georgia,DejaVu Serif,serif;overflow:auto}.unembed .word{vertical-align:top;font:inherit;color:var(--ink);text-align:start;background:0 0;border:0;border-radius:6px;justify-items:center;margin:0 0 .15em;padding:0;line-height:1.3;display:inline-grid}.unembed .word-text{text-align:center;border-radius:6px;min-width:100%;padding:2px 6px 3px}.unembed .unread{vertical-align:top;color:var(--dim);white-space:pre-wrap;margin:0;padding:2px 0;line-height:1.3;display:inline-block}.unembed .word small{white-space:nowrap;color:var(--dim);font-variant-numeric:tabular-nums;padding:0 2px;font:.46em/1.7 system-ui,sans-serif}.unembed .word:hover:not(:disabled){background:0 0}.unembed .word:hover .word-text{outline:2px solid var(--accent)}.unembed .word[aria-pressed=true]{font-weight:inherit;background:0 0}.unembed .word[aria-pressed=true] .word-text{box-shadow:0 0 0 2px var(--accent)}.unembed .word.first .word-text{background:repeating-linear-gradient(135deg, var(--mark) 0 4px, transparent 4px 9px)}.unembed .word.last .word-text{box-shadow:inset 0 0 0 1.5px var(--line)}.unembed .turn{color:var(--dim);text-transform:uppercase;letter-spacing:.06em;font:.5em/1.6 system-ui,sans-serif;display:block}.unembed .answer{white-space:nowrap}.unembed .arrow{color:var(--dim);padding:0 10px}.unembed .said{font:inherit;border:2px solid var(--accent);color:var(--accent);background:0 0;border-radius:8px;padding:1px 12px;font-weight:600;line-height:1.3}.unembed .said .small{font:500 .55em system-ui,sans-serif}.unembed .alternatives{color:var(--dim);flex-wrap:wrap;align-items:center;gap:6px 8px;margin:6px 0;display:flex}.unembed .alternative{border-color:var(--line);border-radius:99px;padding:1px 10px}.unembed .compare-with select{border-color:var(--line)}.unembed .without{min-height:1.6em;margin:8px 0 4px}.unembed .key{color:var(--dim);margin:4px 0 0;font-size:.9em}.unembed .swatch{border:1px solid var(--line);border-radius:3px;width:1em;height:.8em;display:inline-block}.unembed .swatch.falls{background:var(--mark)}.unembed .swatch.rises{background:var(--mark-negative)}.unembed .swatch.hatched{background:repeating-linear-gradient(135deg, var(--mark) 0 3px, transparent 3px 6px)}.unembed .text.long{max-height:45vh;font-size:1.1em}.unembed .text.long .word{display:inline}.unembed .text.long .word-text{-webkit-box-decoration-break:clone;box-decoration-break:clone;padding:1px 3px}.unembed .text.long .word small{font-size:.75em}";
// src/main.tsx
function Uc(e, t, n) {
	Wc(n);
	let r = document.createElement("div");
	return n.replaceChildren(r), ge(/* @__PURE__ */ H(Bc, { page: new Nn(e, t) }), r), () => ge(null, r);
}
function Wc(e) {
	let t = e.getRootNode(), n = t instanceof ShadowRoot ? t : document.head;
	if (n.querySelector("style[data-unembed]")) return;
	let r = document.createElement("style");
	r.dataset.unembed = "", r.textContent = Hc, n.append(r);
}
function Gc({ model: e, el: t }) {
	let n = e.get("data");
	return Uc({
		...n,
		host: "widget"
	}, n.live === !1 ? $n(n.results) : er(e), t);
}
var Kc = document.getElementById("unembed"), qc = document.getElementById("unembed-data")?.textContent;
if (Kc && qc) {
	let e = JSON.parse(qc);
	Uc(e, e.host === "report" ? $n(e.results) : Gn(e.token), Kc);
}
var Jc = { render: Gc };
export { Jc as default };
