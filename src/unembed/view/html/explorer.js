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
function S(e, t) {
	if (t == null) return e.__ && S(e.__, e.__i + 1);
	for (var n; t < e.__k.length; t++) if ((n = e.__k[t]) && n.__e) return n.__e;
	return typeof e.type != "function" || e.props.__P ? null : S(e);
}
function C(t) {
	var n, r = t.__v, i = r.__e, a = [], o = [], s = t.__P;
	s && ((n = _({ constructor: f }, r)).__v = r.__v + 1, e.vnode && e.vnode(n), O(s, n, r, t.__n, s.namespaceURI, 32 & r.__u ? [i] : null, a, i || S(r), 32 & r.__u, o), n.__v = r.__v, n.__.__k[n.__i] = n, k(a, n, o), r.__ = r.__e = null, n.__e != i && w(n));
}
function w(e) {
	if ((e = e.__) && e.__c && !e.props.__P) return e.__e = null, e.__k.some(function(t) {
		return t && (e.__e = t.__e);
	}), w(e);
}
function T(t) {
	(8 & t.__g || (t.__g |= 8, r.push(t), a++)) && i == e.debounceRendering || ((i = e.debounceRendering) || queueMicrotask)(ne);
}
function ne() {
	try {
		for (var e, t = 1; r.length;) r.length > t && r.sort(o), e = r.shift(), t = r.length, 8 & e.__g && C(e);
	} finally {
		(a = r.length) && (i || queueMicrotask)(ne);
	}
}
function re(e, t, n, r, i, a, o, s, c, l, u) {
	var d, f, h, ee, g, _, v = r.__k || m, y = t.length;
	for (c = E(n, t, v, c, y), d = 0; d < y; d++) (h = n.__k[d]) != null && (f = ~h.__i && v[h.__i] || p, h.__i = d, _ = O(e, h, f, i, a, o, s, c, l, u), ee = h.__e, (f.ref != h.ref || 8 & f.__u) && (f.ref && A(f.ref, null, h, f), h.ref && u.push(h.ref, h.__c || ee, h)), g ||= ee, 4 & h.__u ? (c = ie(h, c, e, !f.__v), f.__e && (f.__e = null)) : typeof h.type == "function" && _ !== void 0 ? c = _ : ee && (c = ee.nextSibling), h.__u &= -21);
	return n.__e = g, c;
}
function E(e, t, n, r, i) {
	var a, o, s, c, l, u, d, p, m, h = n.length, g = h, _ = 0, v = 0, y = e.__k = Array(i);
	for (a = 0; a < i; a++) (o = t[a]) != null && typeof o != "boolean" && typeof o != "function" ? (typeof o != "object" || o.constructor === String ? o = y[a] = b(null, o) : ee(o) ? o = y[a] = b(x, { children: o }) : o.constructor === f && o.__b ? o = y[a] = b(o.type, o.props, o.key, o.ref, o.__v) : y[a] = o, c = a + _, o.__ = e, o.__b = e.__b + 1, s = null, ~(l = o.__i = ae(o, n, c, g)) && (g--, (s = n[l]) && (s.__u |= 2)), s && s.__v ? (o.__u |= 16, l == c - 1 ? _-- : l == c + 1 ? _++ : l != c && (l > c ? _-- : _++, v = 1)) : (~l || (i > h ? _-- : i < h && _++), typeof o.type != "function" && (o.__u |= 4))) : y[a] = null;
	if (v) {
		for (u = [], d = [], a = 0; a < i; a++) if ((o = y[a]) && 16 & o.__u) {
			for (_ = 0, p = u.length; _ < p;) u[m = _ + p >> 1] < o.__i ? _ = m + 1 : p = m;
			u[_] = o.__i, d[a] = _ + 1;
		}
		for (_ = u.length; a--;) d[a] && (d[a] == _ ? _-- : y[a].__u |= 4);
	}
	if (g) for (a = 0; a < h; a++) !(s = n[a]) || 2 & s.__u || (s.__e == r && (r = S(s)), de(s, s));
	return r;
}
function ie(e, t, n, r) {
	var i, a, o, s;
	if (typeof e.type == "function") {
		if (e.props.__P) return t;
		if (i = e.__k) for (a = 0; a < i.length; a++) i[a] && (i[a].__ = e, t = ie(i[a], t, n, !1));
		return t;
	}
	for (t && !t.parentNode && (t = S(e)) && !t.parentNode && (t = null), o = e.__e, s = t; s && s.nodeType == 8;) s = s.nextSibling;
	for (o != s && (!r && n.moveBefore && o.parentNode ? n.moveBefore(o, t) : n.insertBefore(o, t || null)), t = o; (t &&= t.nextSibling) && t.nodeType == 8 && !t.data.startsWith("$s"););
	return t;
}
function ae(e, t, n, r) {
	var i, a = e.key, o = e.type, s = t[n], c = s && !(2 & s.__u);
	if (s === null && a == null || c && a == s.key && o == s.type) return n;
	if (r > +!!c) {
		for (i = n - 1; i >= 0; i--) if ((s = t[i]) && !(2 & s.__u) && a == s.key && o == s.type) return i;
		for (i = n + 1; i < t.length; i++) if ((s = t[i]) && !(2 & s.__u) && a == s.key && o == s.type) return i;
	}
	return -1;
}
function oe(e, t, n) {
	n ??= "", t[0] == "-" ? e.setProperty(t, n) : e[t] = n;
}
function D(e, t, n, r, i) {
	var a, o;
	if (t == "style") {
		if (typeof n == "string") e.style.cssText = n;
		else {
			if (typeof r == "string" && (e.style.cssText = r = ""), r) for (t in r) n && t in n || oe(e.style, t);
			if (n) for (t in n) r && n[t] == r[t] || oe(e.style, t, n[t]);
		}
	} else if (t[0] == "o" && t[1] == "n") typeof n != "function" && (n = null), typeof r != "function" && (r = null), (e.__e ||= {})[t] = n, n && r || (o = u[t] || (u[t] = se(t)), (e.__a ||= {})[t] = l, a = t != (t = t.replace(c, "$1")), (t = t.slice(2))[0] < "a" && (t = t.toLowerCase()), n ? e.addEventListener(t, o, a) : e.removeEventListener(t, o, a));
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
function se(t) {
	return function(n) {
		var r = this.__e;
		if (r) {
			if (r = r[t], n[s] == null) n[s] = l++;
			else if (n[s] < this.__a[t]) return;
			return r(e.event ? e.event(n) : n);
		}
	};
}
function O(t, n, r, i, a, o, s, c, l, u) {
	var d, p, h, g, y, b, C, w, T, ne, E, ie, ae, oe, D, se, O, k, A = n.type;
	if (n.constructor !== f) return null;
	128 & r.__u && (l = 32 & r.__u, d = r.__c.__z) && (n.__u |= l, p = o = [], d.nodeType == 8 ? c = ce(d, o) : o.push(d), c = o[0] || c), (d = e.__b) && d(n);
	n: if (typeof A == "function") {
		h = s.length;
		try {
			if (w = n.props, T = (d = A.prototype) && d.render, ne = (d = A.contextType) && i[d.__c], E = d ? ne ? ne.props.value : d.__ : i, (g = r.__c) ? (n.__c = g, 2 & g.__g && (g.__g |= 1)) : (T ? n.__c = g = new A(w, E) : (n.__c = g = new te(w, E), g.constructor = A, g.render = fe), ne && ne.sub(g), g.state || (g.state = {}), g.__n = i, g.__g |= 8, g.__h = [], g.__k = []), T && (g.__s || (g.__s = g.state), A.getDerivedStateFromProps && (g.__s == g.state && (g.__s = _({}, g.__s)), _(g.__s, A.getDerivedStateFromProps(w, g.__s)))), y = g.props, b = g.state, g.__v = n, r.__c) {
				if (w !== y && T && !A.getDerivedStateFromProps && g.componentWillReceiveProps && g.componentWillReceiveProps(w, E), n.__v == r.__v && !(8 & g.__g) || !(4 & g.__g) && g.shouldComponentUpdate && !1 === g.shouldComponentUpdate(w, g.__s, E)) {
					n.__v != r.__v && (g.props = w, g.state = g.__s, g.__g &= -9), n.__e = r.__e, n.__k = r.__k, n.__k.some(function(e) {
						e && (e.__ = n);
					}), m.push.apply(g.__h, g.__k), g.__k = [], g.__h.length && s.push(g), c = S(r);
					break n;
				}
				g.componentWillUpdate && g.componentWillUpdate(w, g.__s, E), T && g.componentDidUpdate && g.__h.push(function() {
					g.componentDidUpdate(y, b, C);
				});
			} else T && !A.getDerivedStateFromProps && g.componentWillMount && g.componentWillMount(), T && g.componentDidMount && g.__h.push(g.componentDidMount);
			g.context = E, g.props = w, g.__P = t, g.__g &= -5, ie = e.__r, ae = T ? 25 : 0;
			do
				g.__g &= -9, ie && ie(n), d = g.render(g.props, g.state = g.__s, g.context);
			while (8 & g.__g && ++ae < 25);
			T && (m.push.apply(g.__h, g.__k), g.__k = []), g.state = g.__s, g.getChildContext && (i = _({}, i, g.getChildContext())), T && r.__c && g.getSnapshotBeforeUpdate && (C = g.getSnapshotBeforeUpdate(y, b)), oe = d && d.type === x && d.key == null ? d.props.children : d, w.__P && (d = c, a = (t = w.__P).namespaceURI, l = o = null, r.props && r.props.__P != t && (r.__k.some(function(e) {
				e && de(e, e);
			}), r.__k = null), c = r.__k ? S(r, 0) : null), c = re(t, ee(oe) ? oe : [oe], n, r, i, a, o, s, c, l, u), w.__P && (n.__e = null, c = d), n.__u &= -161, p && p.some(v), g.__h.length && s.push(g), 1 & g.__g && (g.__g &= -4);
		} catch (t) {
			if (s.length = h, n.__v = null, l || o) {
				if (t && t.then) {
					if (n.__u |= 128 | l, o) {
						for (~(O = o.indexOf(c || void 0)) || (O = o.length); (k = o[O - 1]) && k.nodeType == 8;) O--;
						for (; O < o.length; O++) if (k = o[O]) {
							if (o[O] = null, D) {
								if (k == se) break;
							} else {
								if (k.nodeType != 8) break;
								k.data.startsWith("$s") && (se = ce(D = k));
							}
						}
					}
					if (!D) {
						for (; c && c.nodeType == 8 && c.nextSibling;) c = c.nextSibling;
						D = c;
					}
					(d = ce(D = n.__c.__z || (n.__c.__z = D))) ? (n.__e = D, c = d) : n.__e = c, c &&= c.nextSibling;
				} else o && o.some(v);
			} else n.__e = r.__e;
			n.__k ||= r.__k || [], t && t.then || le(n), e.__e(t, n, r);
		}
	} else c = n.__e = ue(r.__e, n, r, i, a, o, s, l, u, t);
	return (d = e.diffed) && d(n), c;
}
function ce(e, t) {
	if (e && e.nodeType == 8 && e.data.startsWith("$s")) for (var n = 1; e = e.nextSibling;) {
		if (e.nodeType == 8) {
			if (e.data.startsWith("$s")) n++;
			else if (e.data.startsWith("/$s") && !--n) return e;
		}
		t && t.push(e);
	}
}
function le(e) {
	e && (e.__c && (e.__c.__g |= 4), e.__k && e.__k.some(le));
}
function k(t, n, r) {
	for (var i = 0; i < r.length;) A(r[i++], r[i++], r[i++]);
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
function ue(t, n, r, i, a, o, s, c, l, u) {
	var d, f, m, _, y, b, x, te, C = r.props || p, w = n.props, T = n.type;
	if (T == "svg" ? a = "http://www.w3.org/2000/svg" : T == "math" ? a = "http://www.w3.org/1998/Math/MathML" : a ||= "http://www.w3.org/1999/xhtml", o) {
		for (d = 0; d < o.length; d++) if ((y = o[d]) && (T ? y.localName == T : y.nodeType == 3)) {
			t = y, o[d] = null;
			break;
		}
	}
	if (!t) {
		if (te = u.ownerDocument || document, !T) return te.createTextNode(w);
		t = te.createElementNS(a, T, w.is ? w : u), c &&= (e.__m && e.__m(n, o), !1), o = null;
	}
	if (T) {
		if (u = T == "template" && t.content || t, o = T == "textarea" && w.defaultValue != null ? null : o && g.call(u.childNodes), !c && o) for (C = {}, d = 0; d < t.attributes.length; d++) C[(y = t.attributes[d]).name] = y.value;
		for (d in C) y = C[d], d == "dangerouslySetInnerHTML" ? m = y : d == "children" || d in w || d == "value" && "defaultValue" in w || d == "checked" && "defaultChecked" in w || D(t, d, null, y, a);
		for (d in w) y = w[d], d == "children" ? _ = y : d == "dangerouslySetInnerHTML" ? f = y : d == "value" ? b = y : d == "checked" ? x = y : c && typeof y != "function" || C[d] === y || D(t, d, y, C[d], a);
		f ? (c || m && (f.__html == m.__html || f.__html == t.innerHTML) || (t.innerHTML = f.__html), n.__k = []) : (m && (t.textContent = ""), (T == "foreignObject" || a == "http://www.w3.org/1998/Math/MathML" && h.test(T)) && (a = "http://www.w3.org/1999/xhtml"), re(u, ee(_) ? _ : [_], n, r, i, a, o, s, o ? o[0] : r.__k && S(r, 0), c, l), o && o.some(v)), c && T != "textarea" || (d = "value", T == "progress" && b == null ? t.removeAttribute(d) : b == null || b === t[d] && (T != "progress" || b) || D(t, d, b, C[d], a), d = "checked", x != null && x != t[d] && D(t, d, x, C[d], a));
	} else C === w || c && t.data == w || (t.data = w);
	return t;
}
function A(t, n, r, i) {
	try {
		typeof t == "function" ? n ? n.__x = t(n) || 1 : (i &&= i.__c || i.__e) && (n = i.__x) && (i.__x = null, typeof n == "function" ? n() : t(null)) : t.current = n;
	} catch (t) {
		e.__e(t, r);
	}
}
function de(t, n, r) {
	var i, a, o, s;
	if (e.unmount && e.unmount(t), !(i = t.ref) || i.current && i.current != t.__e || A(i, null, n, t), i = t.__c) {
		if (i.componentWillUnmount) try {
			i.componentWillUnmount();
		} catch (t) {
			e.__e(t, n);
		}
		i.__P = i.__n = null;
	}
	if (i = t.__k) for (s = 0; s < i.length; s++) i[s] && de(i[s], n, typeof t.type != "function" || r && !t.props.__P);
	!r && (i = t.__c) && (i = i.__z) && (a = ce(i, o = [])) && (i == t.__e && o.some(v), v(a), v(i)), r || v(t.__e), t.__e = t.__c = t.__ = null;
}
function fe(e, t, n) {
	return this.constructor(e, n);
}
function pe(t, n) {
	var r, i, a, o;
	e.__ && e.__(t, n), n.nodeType == 9 && (n = n.documentElement), i = (r = t && 32 & t.__u) ? null : n.__k, n.__k = b(x, { children: [t] }), a = [], o = [], O(n, n.__k, i || p, p, n.namespaceURI, i ? null : n.firstChild ? g.call(n.childNodes) : null, a, i ? i.__e : n.firstChild, r, o), k(a, n.__k, o), n.__k.props.children = null;
}
function me(e) {
	function t(e) {
		var n, r;
		return this.getChildContext || (n = /* @__PURE__ */ new Set(), (r = {})[t.__c] = this, this.getChildContext = function() {
			return r;
		}, this.shouldComponentUpdate = function(e) {
			this.props.value != e.value && n.forEach(function(e) {
				e.__g |= 4, T(e);
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
	n && n != this.state || (n = this.__s = _({}, this.state)), typeof e == "function" && (e = e(_({}, n), this.props)), e && (_(n, e), this.__v && (t && this.__k.push(t), T(this)));
}, te.prototype.forceUpdate = function(e) {
	this.__v && (this.__g |= 4, e && this.__h.push(e), T(this));
}, te.prototype.render = x, r = [], a = 0, o = function(e, t) {
	return e.__v.__b - t.__v.__b;
}, s = Symbol(), c = /(PointerCapture)$|Capture$/i, l = 0, u = {}, d = 0;
// node_modules/preact/hooks/dist/hooks.mjs
var he, j, ge, _e, ve = Object.is, ye = 0, be = [], xe = [], M = e, Se = M.__b, Ce = M.__r, we = M.diffed, Te = M.__c, Ee = M.unmount, De = M.__;
function Oe(e, t) {
	M.__h && M.__h(j, e, ye || t), ye = 0;
	var n = j.__H || (j.__H = {
		__: [],
		__h: []
	});
	return e >= n.__.length && n.__.push({}), n.__[e];
}
function ke(e, t) {
	var n = Oe(he++, 3);
	!M.__s && Ve(n.__H, t) && (n.__P = !0, n.__ = e, n.u = t, j.__H.__h.push(n));
}
function Ae(e, t) {
	var n = Oe(he++, 4);
	!M.__s && Ve(n.__H, t) && (n.__P = !1, n.__ = e, n.u = t, j.__h.push(n));
}
function je(e) {
	return ye = 5, Me(function() {
		return { current: e };
	}, []);
}
function Me(e, t) {
	var n = Oe(he++, 7);
	return Ve(n.__H, t) && (n.__ = e(), n.__H = t), n.__;
}
function Ne(e) {
	var t = j.context[e.__c], n = Oe(he++, 9);
	return n.c = e, t ? (n.__ ?? (n.__ = !0, t.sub(j)), t.props.value) : e.__;
}
function Pe() {
	var e = Oe(he++, 11);
	if (!e.__) {
		for (var t = j.__v; !t.__m && t.__;) t = t.__;
		var n = t.__m || (t.__m = [0, 0]);
		e.__ = "P" + n[0] + "-" + n[1]++;
	}
	return e.__;
}
function Fe() {
	var e;
	do {
		for (; e = xe.shift();) try {
			ze(e);
		} catch (t) {
			M.__e(t, { __: (e = e.__P) && e.__v });
		}
		for (; e = be.shift();) {
			var t = e.__H;
			if (e.__P && t) try {
				t.__h.some(ze), t.__h.some(Be), t.__h = [];
			} catch (n) {
				t.__h = [], M.__e(n, e.__v);
			}
		}
	} while (xe.length);
}
M.__b = function(e) {
	j = null, Se && Se(e);
}, M.__ = function(e, t) {
	e && t.__k && t.__k.__m && (e.__m = t.__k.__m), De && De(e, t);
}, M.__r = function(e) {
	Ce && Ce(e), he = 0;
	var t = (j = e.__c).__H;
	t && (ge == j ? j.__h = [] : (t.__h.some(ze), t.__h.some(Be), he = 0), t.__h = [], t.__.some(function(e) {
		e.__N && (e.__ = e.__N), e.u = e.__N = void 0;
	})), ge = j;
}, M.diffed = function(e) {
	we && we(e);
	var t = e.__c;
	t && t.__H && (t.__H.__h.length && Re(be.push(t)), t.__H.__.some(function(e) {
		e.u && (e.__H = e.u);
	})), ge = j = null;
}, M.__c = function(e, t) {
	t.some(function(e) {
		try {
			e.__h.some(ze), e.__h = e.__h.filter(function(e) {
				return !e.__ || Be(e);
			});
		} catch (t) {
			e.__h = [function() {
				throw t;
			}];
		}
	}), Te && Te(e, t);
}, M.unmount = function(e) {
	Ee && Ee(e);
	var t, n, r = e.__c;
	r && r.__H && (r.__H.__.some(function(r) {
		try {
			if (r.__P && r.__c) {
				if (n === void 0) {
					for (n = e.__; n && (!n.__c || !n.__c.__P);) n = n.__;
					n &&= n.__c;
				}
				r.__P = n, Re(xe.push(r));
			} else ze(r);
		} catch (e) {
			t = e;
		}
	}), r.__H = void 0, t && M.__e(t, r.__v));
};
var Ie = typeof requestAnimationFrame == "function";
function Le(e) {
	var t, n = function() {
		clearTimeout(r), Ie && cancelAnimationFrame(t), setTimeout(e);
	}, r = setTimeout(n, 35);
	Ie && (t = requestAnimationFrame(n));
}
function Re(e) {
	e != 1 && _e == M.requestAnimationFrame || ((_e = M.requestAnimationFrame) || Le)(Fe);
}
function ze(e) {
	var t = j, n = e.__c;
	typeof n == "function" && (e.__c = void 0, n()), j = t;
}
function Be(e) {
	var t = j;
	e.__c = e.__(), j = t;
}
function Ve(e, t) {
	return !e || e.length != t.length || t.some(function(t, n) {
		return !ve(t, e[n]);
	});
}
// node_modules/@preact/signals-core/dist/signals-core.module.js
var He = Symbol.for("preact-signals");
function Ue() {
	if (P > 1) P--;
	else {
		var e, t = !1;
		for ((function() {
			var e = Ze;
			for (Ze = void 0; e !== void 0;) {
				var t = e.S;
				if (t.v === e.v) for (var n = t.t; n !== void 0; n = n.x) n.i === e.i && (n.i = t.i);
				e = e.o;
			}
		})(); qe !== void 0;) {
			var n = qe;
			for (qe = void 0, Je++; n !== void 0;) {
				var r = n.u;
				if (n.u = void 0, n.f &= -3, !(8 & n.f) && et(n)) try {
					n.c();
				} catch (n) {
					t ||= (e = n, !0);
				}
				n = r;
			}
		}
		if (Je = 0, P--, t) throw e;
	}
}
function We(e) {
	if (P > 0) return e();
	Xe = ++Ye, P++;
	try {
		return e();
	} finally {
		Ue();
	}
}
var Ge, N = void 0;
function Ke(e) {
	var t = N, n = Ge;
	N = void 0, Ge = void 0;
	try {
		return e();
	} finally {
		N = t, Ge = n;
	}
}
var qe = void 0, P = 0, Je = 0, Ye = 0, Xe = 0, Ze = void 0, Qe = 0;
function $e(e) {
	if (N !== void 0) {
		var t = e.n;
		if (t === void 0 || t.t !== N) return t = {
			i: 0,
			S: e,
			p: N.s,
			n: void 0,
			t: N,
			e: void 0,
			x: void 0,
			r: t
		}, N.s !== void 0 && (N.s.n = t), N.s = t, e.n = t, 32 & N.f && e.S(t), t;
		if (t.i === -1) return t.i = 0, t.n !== void 0 && (t.n.p = t.p, t.p !== void 0 && (t.p.n = t.n), t.p = N.s, t.n = void 0, N.s.n = t, N.s = t), t;
	}
}
function F(e, t) {
	this.v = e, this.i = 0, this.n = void 0, this.t = void 0, this.l = 0, this.W = t?.watched, this.Z = t?.unwatched, this.name = t?.name;
}
F.prototype.brand = He, F.prototype.h = function() {
	return !0;
}, F.prototype.S = function(e) {
	var t = this, n = this.t;
	n !== e && e.e === void 0 && (e.x = n, this.t = e, n === void 0 ? Ke(function() {
		var e;
		(e = t.W) == null || e.call(t);
	}) : n.e = e);
}, F.prototype.U = function(e) {
	var t = this;
	if (this.t !== void 0) {
		var n = e.e, r = e.x;
		n !== void 0 && (n.x = r, e.e = void 0), r !== void 0 && (r.e = n, e.x = void 0), e === this.t && (this.t = r, r === void 0 && Ke(function() {
			var e;
			(e = t.Z) == null || e.call(t);
		}));
	}
}, F.prototype.subscribe = function(e) {
	var t = this;
	return lt(function() {
		var n = t.value;
		Ke(function() {
			return e(n);
		});
	}, { name: "sub" });
}, F.prototype.valueOf = function() {
	return this.value;
}, F.prototype.toString = function() {
	return this.value + "";
}, F.prototype.toJSON = function() {
	return this.value;
}, F.prototype.peek = function() {
	var e = this;
	return Ke(function() {
		return e.value;
	});
}, Object.defineProperty(F.prototype, "value", {
	get: function() {
		var e = $e(this);
		return e !== void 0 && (e.i = this.i), this.v;
	},
	set: function(e) {
		if (e !== this.v) {
			if (Je > 100) throw Error("Cycle detected");
			(function(e) {
				P !== 0 && Je === 0 && e.l !== Xe && (e.l = Xe, Ze = {
					S: e,
					v: e.v,
					i: e.i,
					o: Ze
				});
			})(this), this.v = e, this.i++, Qe++, P++;
			try {
				for (var t = this.t; t !== void 0; t = t.x) t.t.N();
			} finally {
				Ue();
			}
		}
	}
});
function I(e, t) {
	return new F(e, t);
}
function et(e) {
	for (var t = e.s; t !== void 0; t = t.n) if (t.S.i !== t.i || !t.S.h() || t.S.i !== t.i) return !0;
	return !1;
}
function tt(e) {
	for (var t = e.s; t !== void 0; t = t.n) {
		var n = t.S.n;
		if (n !== void 0 && (t.r = n), t.S.n = t, t.i = -1, t.n === void 0) {
			e.s = t;
			break;
		}
	}
}
function nt(e) {
	for (var t = e.s, n = void 0; t !== void 0;) {
		var r = t.p;
		t.i === -1 ? (t.S.U(t), r !== void 0 && (r.n = t.n), t.n !== void 0 && (t.n.p = r)) : n = t, t.S.n = t.r, t.r !== void 0 && (t.r = void 0), t = r;
	}
	e.s = n;
}
function rt(e, t) {
	F.call(this, void 0, t), this.x = e, this.s = void 0, this.g = Qe - 1, this.f = 4;
}
rt.prototype = new F(), rt.prototype.h = function() {
	if (this.f &= -3, 1 & this.f) return !1;
	if ((36 & this.f) == 32 || (this.f &= -5, this.g === Qe)) return !0;
	if (this.g = Qe, this.f |= 1, this.i > 0 && !et(this)) return this.f &= -2, !0;
	var e = N;
	try {
		tt(this), N = this;
		var t = this.x();
		(16 & this.f || this.v !== t || this.i === 0) && (this.v = t, this.f &= -17, this.i++);
	} catch (e) {
		this.v = e, this.f |= 16, this.i++;
	}
	return N = e, nt(this), this.f &= -2, !0;
}, rt.prototype.S = function(e) {
	if (this.t === void 0) {
		this.f |= 36;
		for (var t = this.s; t !== void 0; t = t.n) t.S.S(t);
	}
	F.prototype.S.call(this, e);
}, rt.prototype.U = function(e) {
	if (this.t !== void 0 && (F.prototype.U.call(this, e), this.t === void 0)) {
		this.f &= -33;
		for (var t = this.s; t !== void 0; t = t.n) t.S.U(t);
	}
}, rt.prototype.N = function() {
	if (!(2 & this.f)) {
		this.f |= 6;
		for (var e = this.t; e !== void 0; e = e.x) e.t.N();
	}
}, Object.defineProperty(rt.prototype, "value", { get: function() {
	if (1 & this.f) throw Error("Cycle detected");
	var e = $e(this);
	if (this.h(), e !== void 0 && (e.i = this.i), 16 & this.f) throw this.v;
	return this.v;
} });
function it(e, t) {
	return new rt(e, t);
}
function at(e) {
	var t = e.j;
	if (e.j = void 0, typeof t == "function") {
		P++;
		var n = N;
		N = void 0;
		try {
			t();
		} catch (t) {
			throw e.f &= -2, e.f |= 8, ot(e), t;
		} finally {
			N = n, Ue();
		}
	}
}
function ot(e) {
	for (var t = e.s; t !== void 0; t = t.n) t.S.U(t);
	e.x = void 0, e.s = void 0, at(e);
}
function st(e) {
	if (N !== this) throw Error("Out-of-order effect");
	nt(this), N = e, this.f &= -2;
	try {
		8 & this.f && ot(this);
	} finally {
		Ue();
	}
}
function ct(e, t) {
	this.x = e, this.j = void 0, this.s = void 0, this.u = void 0, this.f = 32, this.name = t?.name, Ge && Ge.push(this);
}
ct.prototype.c = function() {
	var e = this.S();
	try {
		if (8 & this.f || this.x === void 0) return;
		var t = this.x();
		typeof t == "function" && (this.j = t);
	} finally {
		e();
	}
}, ct.prototype.S = function() {
	if (1 & this.f) throw Error("Cycle detected");
	this.f |= 1, this.f &= -9, at(this), tt(this), P++;
	var e = N;
	return N = this, st.bind(this, e);
}, ct.prototype.N = function() {
	2 & this.f || (this.f |= 2, this.u = qe, qe = this);
}, ct.prototype.d = function() {
	this.f |= 8, 1 & this.f || ot(this);
}, ct.prototype.dispose = function() {
	this.d();
};
function lt(e, t) {
	var n = new ct(e, t);
	try {
		n.c();
	} catch (e) {
		throw n.d(), e;
	}
	var r = n.d.bind(n);
	return r[Symbol.dispose] = r, r;
}
// node_modules/@preact/signals/dist/signals.module.js
var ut, dt, ft = typeof window < "u" && !!window.__PREACT_SIGNALS_DEVTOOLS__, pt = [];
lt(function() {
	ut = this.N;
})();
function mt(t, n) {
	e[t] = n.bind(null, e[t] || function() {});
}
function ht(e) {
	if (dt) {
		var t = dt;
		dt = void 0, t();
	}
	dt = e && e.S();
}
function gt(e) {
	var t = this, r = e.data, i = L(r);
	i.name = "ReactiveDom", i.value = r;
	var a = Me(function() {
		for (var e = t, r = t.__v; r = r.__;) if (r.__c) {
			r.__c.__$f |= 4;
			break;
		}
		var a = it(function() {
			var e = i.value.value;
			return e === 0 ? 0 : !0 === e ? "" : e || "";
		}), o = it(function() {
			return !Array.isArray(a.value) && !n(a.value);
		}), s = lt(function() {
			if (this.N = bt, o.value) {
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
gt.displayName = "ReactiveTextNode", Object.defineProperties(F.prototype, {
	constructor: {
		configurable: !0,
		value: y(x, null).constructor
	},
	type: {
		configurable: !0,
		value: gt
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
}), mt("__b", function(e, t) {
	if (ht(), typeof t.type == "string") {
		var n, r = t.props;
		for (var i in r) if (i !== "children") {
			var a = r[i];
			a instanceof F && (n || (t.__np = n = {}), n[i] = a, r[i] = a.peek());
		}
	}
	e(t);
}), mt("__r", function(e, t) {
	if (e(t), t.type !== x) {
		ht();
		var n, r = t.__c;
		r && (r.__$f &= -2, (n = r.__$u) === void 0 && (r.__$u = n = function(e, t) {
			var n;
			return lt(function() {
				n = this;
			}, { name: t }), n.c = e, n;
		}(function(e) {
			return function() {
				var t;
				ft && ((t = this.y) == null || t.call(this)), e.__$f |= 1, e.setState({});
			};
		}(r), typeof t.type == "function" ? t.type.displayName || t.type.name : ""))), ht(n);
	}
}), mt("__e", function(e, t, n, r) {
	ht(), e(t, n, r);
}), mt("diffed", function(e, t) {
	ht();
	var n;
	if (typeof t.type == "string" && (n = t.__e)) {
		var r = t.__np, i = t.props, a = n.U;
		if (a) for (var o in a) {
			var s = a[o];
			s === void 0 || r && o in r || (s.d(), a[o] = void 0);
		}
		if (r) for (var c in a || (a = {}, n.U = a), r) {
			var l = a[c], u = r[c];
			l === void 0 ? (l = _t(n, c, u, i), a[c] = l) : l.o(u, i);
		}
	}
	e(t);
});
function _t(e, t, n, r) {
	var i = t in e && e.ownerSVGElement === void 0, a = I(n);
	return {
		o: function(e, t) {
			a.value = e, r = t;
		},
		d: lt(function() {
			this.N = bt;
			var n = a.value.value;
			r[t] !== n && (r[t] = n, i ? e[t] = n : n != null && (!1 !== n || t[4] === "-") ? e.setAttribute(t, n) : e.removeAttribute(t));
		})
	};
}
mt("unmount", function(e, t) {
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
}), mt("__h", function(e, t, n, r) {
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
function L(e, t) {
	return Me(function() {
		return I(e, t);
	}, []);
}
var vt = function(e) {
	queueMicrotask(function() {
		queueMicrotask(e);
	});
};
function yt() {
	We(function() {
		for (var e; e = pt.shift();) ut.call(e);
	});
}
function bt() {
	pt.push(this) === 1 && (e.requestAnimationFrame || vt)(yt);
}
// src/protocol/asks.ts
var xt = {
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
}, St = 2, Ct = 200;
function wt(e) {
	if (Array.isArray(e)) return `[${e.map(wt).join(",")}]`;
	if (typeof e != "object" || !e) return JSON.stringify(e);
	let t = Object.entries(e).filter(([, e]) => e !== void 0);
	return t.sort(([e], [t]) => e < t ? -1 : 1), `{${t.map(([e, t]) => `${JSON.stringify(e)}:${wt(t)}`).join(",")}}`;
}
var Tt = {
	stage: "waiting",
	fraction: 0,
	result: null,
	error: null
}, Et = class {
	#e = /* @__PURE__ */ new Map();
	#t;
	constructor(e, t) {
		this.#t = e;
		for (let [e, n] of Object.entries(t)) {
			let t = JSON.parse(e);
			this.#e.set(wt(t), this.#n(t, n));
		}
	}
	watch(e) {
		let t = wt(e), n = this.#e.get(t);
		return n?.answer.value?.error && (n = void 0), n || (n = this.#n(e, null), this.#e.set(t, n)), n.watchers += 1, this.#r(), n.answer;
	}
	release(e) {
		let t = wt(e), n = this.#e.get(t);
		n && (--n.watchers, n.watchers > 0 || n.state === "done" || (n.cancel?.(), this.#e.delete(t), this.#r()));
	}
	peek(e) {
		return this.#e.get(wt(e))?.answer.value?.result ?? null;
	}
	shown(...e) {
		let t = ({ watchers: t, ask: n }) => t > 0 || e.some((e) => e === n.prompt), n = [...this.#e].filter(([, e]) => t(e) && e.answer.value?.result);
		return Object.fromEntries(n.map(([e, t]) => [e, t.answer.value?.result]));
	}
	#n(e, t) {
		let n = t !== null;
		return {
			ask: e,
			order: xt[e.ask] + (e.ask === "explain" && e.test === !0 ? 3 : 0),
			answer: I(n ? {
				...Tt,
				fraction: 1,
				result: t
			} : Tt),
			watchers: 0,
			cancel: null,
			state: n ? "done" : "queued"
		};
	}
	#r() {
		let e = [...this.#e.values()], t = St - e.filter((e) => e.state === "running").length, n = e.filter((e) => e.state === "queued").sort((e, t) => e.order - t.order);
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
					...Tt,
					stage: t,
					fraction: n
				});
			},
			result: (e) => t({
				...Tt,
				fraction: 1,
				result: e
			}),
			error: (e) => t({
				...Tt,
				error: e
			})
		});
	}
	#a() {
		for (let [e, t] of this.#e) {
			if (this.#e.size <= Ct) return;
			t.watchers === 0 && t.state === "done" && this.#e.delete(e);
		}
	}
}, Dt = me(null);
function R() {
	let e = Ne(Dt);
	if (!e) throw Error("A panel is used outside the page.");
	return e;
}
// src/hooks/useAsk.ts
function z(e) {
	let t = R(), n = e === null ? "" : wt(e), r = L(null);
	return Ae(() => {
		if (e !== null) return r.value = {
			key: n,
			answer: t.desk.watch(e)
		}, () => t.desk.release(e);
	}, [n]), r.value?.key === n ? r.value.answer.value : null;
}
function B(e) {
	let t = z(e), n = je(null);
	return t?.result && (n.current = t.result), e === null && (n.current = null), {
		answer: t,
		result: t?.error ? null : n.current,
		stale: !t?.result
	};
}
// src/page/keys.ts
var Ot = {
	none: "zero",
	zero: "mean",
	mean: null,
	double: null,
	swap: null
};
function kt(e, t) {
	let n = e.data.host === "widget" ? t : document, r = (n) => At(e, t, n);
	return n.addEventListener("keydown", r), () => n.removeEventListener("keydown", r);
}
function At(e, t, n) {
	if (n.ctrlKey || n.metaKey || n.altKey || jt(n.target) || e.helpOpen.value) return;
	let { selection: r, test: i } = e.state.value;
	if (n.key === "t" && r) e.set({ test: Ot[i ?? "none"] });
	else if (n.key === "p" && r) e.pin();
	else if (n.key === "/") t.querySelector("[data-find]")?.focus();
	else if (n.key === "?") e.helpOpen.value = !0;
	else if (n.key === "Escape" && r) e.select(null);
	else return;
	n.preventDefault();
}
function jt(e) {
	return e instanceof HTMLElement && (e.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(e.tagName));
}
// src/lib/parts.ts
function V(e) {
	let { cross: t, encoder: n, layer: r, head: i } = e;
	return {
		kind: t ? "cross_head" : "head",
		layer: r,
		head: i,
		...n ? { encoder: n } : {}
	};
}
function H(e) {
	let { layer: t, expert: n, neuron: r, encoder: i } = e;
	return {
		kind: "neuron",
		layer: t,
		...n === null ? {} : { expert: n },
		neuron: r,
		...i ? { encoder: i } : {}
	};
}
function U(e, t) {
	return e === null || t === null ? e === t : Mt(e) === Mt(t);
}
function Mt(e) {
	return [
		e.kind,
		e.layer,
		e.head ?? "",
		e.expert ?? "",
		e.neuron ?? "",
		e.encoder ? "enc" : ""
	].join(" ");
}
function Nt(e) {
	return e.kind === "head" ? "attention" : e.kind === "cross_head" ? "cross_attention" : e.kind === "neuron" ? "mlp" : e.kind;
}
function Pt(e) {
	return Nt(e) === "cross_attention";
}
function Ft(e) {
	return Pt(e) || e.encoder === !0;
}
function It(e) {
	return e.encoder ? { encoder: !0 } : Pt(e) ? { cross: !0 } : {};
}
function Lt(e) {
	let t = /^\s*enc\.(.*)$/is.exec(e);
	if (!t) return Rt(e);
	let n = Rt(t[1] ?? "");
	return n === null || Pt(n) ? null : {
		...n,
		encoder: !0
	};
}
function Rt(e) {
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
function W(e) {
	return Bt(zt(e), e.encoder ?? !1);
}
function zt(e) {
	return e.kind === "head" ? `L${e.layer}.H${e.head}` : e.kind === "cross_head" ? `L${e.layer}.X${e.head}` : e.kind === "neuron" ? e.expert === void 0 ? `L${e.layer}.N${e.neuron}` : `L${e.layer}.E${e.expert}.N${e.neuron}` : `L${e.layer} ${{
		mlp: "mlp",
		attention: "attn",
		cross_attention: "cross"
	}[e.kind]}`;
}
function Bt(e, t) {
	return t ? `enc.${e}` : e;
}
function Vt(e) {
	let t = Ht(e);
	if (t) return W(t);
	let n = e.kind.replaceAll("_", " ");
	return e.layer === null ? n : `L${e.layer} ${n}`;
}
function Ht(e) {
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
function Ut(e) {
	let t = e;
	return typeof t != "object" || !t || !Wt(t.layer) || t.encoder !== void 0 && (t.encoder !== !0 || String(t.kind).startsWith("cross")) ? !1 : t.kind === "head" || t.kind === "cross_head" ? Wt(t.head) : t.kind === "neuron" ? Wt(t.neuron) && (t.expert === void 0 || Wt(t.expert)) : t.kind === "attention" || t.kind === "cross_attention" || t.kind === "mlp";
}
function Wt(e) {
	return Number.isInteger(e) && e >= 0;
}
// src/lib/knowledge.ts
var Gt = [
	"update",
	"erase",
	"suppress",
	"amplify"
], Kt = ["rome", "value"], qt = [
	"refined",
	"kept",
	"shared"
], Jt = {
	prompts: null,
	subject: "",
	t: .2,
	set: null,
	test: null,
	edit: null
};
function Yt(e, t, n) {
	let r = n.trim();
	return e.relations.flatMap(({ name: e, facts: n }) => n.filter((e) => r !== "" && e.answer.startsWith(r) && t.includes(e.subject)).map((t) => ({
		...t,
		relation: e
	})));
}
function Xt({ layers: e, attributions: t }) {
	return [!0, !1].map((n) => ({
		encoder: n,
		layers: e.filter((e) => (e.encoder ?? !1) === n),
		neurons: t.filter((e) => (e.encoder ?? !1) === n)
	})).filter((e) => e.layers.length > 0);
}
function Zt(e) {
	return W(H(e));
}
function Qt(e, t) {
	let n = Array.from({ length: t }, () => []);
	for (let t of e) n[t.layer]?.push(t);
	for (let e of n) e.sort((e, t) => Math.abs(t.value) - Math.abs(e.value));
	return n;
}
function $t(e) {
	return [...new Set(e.split("\n").filter((e) => e.trim() !== ""))];
}
function en(e) {
	let [t] = e.facts;
	return {
		refined: t?.refined ?? [],
		kept: t?.kept ?? [],
		shared: e.shared
	};
}
function tn(e, t) {
	return t ?? qt.find((t) => e[t].length > 0) ?? "refined";
}
function nn({ layer: e, expert: t, neuron: n }) {
	return {
		layer: e,
		...t === null ? {} : { expert: t },
		neuron: n
	};
}
function rn({ relation: e, subject: t, answer: n, target: r, prompts: i }) {
	let a = r === ` ${n}` ? {} : { target: r };
	return JSON.stringify({
		relation: e,
		subject: t || e,
		answer: n,
		...a,
		prompts: i
	});
}
function an(e, t, n, r, i) {
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
		return on([
			"update",
			...n ? a : ["fact.jsonl"],
			"--to",
			e.to,
			...t,
			...o
		]);
	}
	return e.action === "erase" ? on([
		"suppress",
		...r,
		...o
	]) : on([
		e.action,
		...r,
		...n ? a : ["--facts", "fact.jsonl"],
		...o
	]);
}
function on(e) {
	return `unembed knowledge ${e.map((e) => /^[\w./-]+$/.test(e) ? e : `'${e.replaceAll("'", "'\\''")}'`).join(" ")}`;
}
function sn(e, t) {
	let { prompts: n, t: r } = e;
	return {
		ask: "find",
		...ln(e, t),
		t: r,
		...n === null ? {} : { prompts: n }
	};
}
function cn(e, t, n, r) {
	let { prompts: i, subject: a } = e, o = i === null ? {} : { prompts: i }, s = r.map(nn);
	return t.action === "update" ? {
		ask: "update",
		...ln(e, n),
		...o,
		to: t.to,
		method: t.method,
		...t.method === "value" ? { neurons: s } : {},
		...i === null ? {} : { subject: a }
	} : {
		ask: "edit",
		...ln(e, n),
		...o,
		action: t.action,
		neurons: s
	};
}
function ln({ prompts: e }, { prompt: t, target: n }) {
	return e === null ? { prompt: t } : {
		prompt: t,
		target: n
	};
}
function un(e) {
	let t = e;
	if (typeof t != "object") return !1;
	let { prompts: n, subject: r, t: i, set: a, test: o, edit: s } = t;
	return (n === null || Array.isArray(n) && n.every((e) => typeof e == "string")) && typeof r == "string" && typeof i == "number" && fn([null, ...qt])(a) && fn([
		null,
		"zero",
		"double"
	])(o) && (s === null || dn(s));
}
function dn(e) {
	let t = e;
	return typeof t == "object" && fn(Gt)(t.action) && typeof t.to == "string" && fn(Kt)(t.method);
}
function fn(e) {
	return (t) => e.includes(t);
}
// src/page/state.ts
var pn = [
	"zero",
	"double",
	"mean",
	"swap"
], mn = [
	"why",
	"parts",
	"graph",
	"tests",
	"compare",
	"facts",
	"continue"
], hn = {
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
function gn(e) {
	let t = Object.entries(e).filter(([e, t]) => JSON.stringify(t) !== JSON.stringify(hn[e]));
	return t.length === 0 ? "" : `#${encodeURIComponent(JSON.stringify(Object.fromEntries(t)))}`;
}
function _n(e, t = hn) {
	if (e.length < 2) return t;
	let n;
	try {
		n = JSON.parse(decodeURIComponent(e.slice(1)));
	} catch {
		return t;
	}
	return typeof n == "object" && n && !Array.isArray(n) ? vn({
		...hn,
		...n
	}) : t;
}
function vn(e) {
	let t = (t, n) => n(e[t]) ? e[t] : hn[t], n = (e) => e === null || typeof e == "string";
	return {
		view: t("view", (e) => mn.some((t) => t === e)),
		a: t("a", (e) => typeof e == "string"),
		b: t("b", n),
		source: t("source", n),
		position: t("position", (e) => e === null || Wt(e)),
		target: t("target", (e) => n(e) || Wt(e)),
		vs: t("vs", n),
		reference: t("reference", (e) => e === "mean" || e === "raw"),
		word: t("word", (e) => e === null || Wt(e)),
		selection: t("selection", (e) => e === null || Ut(e)),
		test: t("test", (e) => e === null || bn(e)),
		pins: t("pins", (e) => Array.isArray(e) && e.every(xn)),
		knowledge: t("knowledge", (e) => e === null || un(e))
	};
}
function yn(e) {
	return e.text === "" || e.text.includes("�") ? e.id : e.text;
}
function bn(e) {
	return pn.some((t) => t === e);
}
function xn(e) {
	let t = e;
	return typeof t == "object" && !!t && Ut(t.part) && bn(t.how);
}
// src/page/page.ts
var Sn = class {
	data;
	desk;
	state;
	hovered = I(null);
	explained = I(null);
	answered = I(null);
	helpOpen = I(!1);
	continued = I(null);
	said = I("");
	shownPart = it(() => this.hovered.value ?? this.state.value.selection);
	constructor(e, t) {
		this.data = e, this.desk = new Et(t, e.results);
		let n = vn({
			...hn,
			...e.state
		});
		this.state = I(e.host === "widget" ? n : this.#e(n));
	}
	reads() {
		return (this.explained.value?.model ?? this.data.model)?.reads ?? null;
	}
	#e(e = hn) {
		let t = _n(location.hash, e);
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
		let r = n.filter((t) => !U(t.part, e));
		this.set({ pins: [...r, {
			part: e,
			how: t ?? "zero"
		}] }), this.said.value = `Pinned ${W(e)}.`;
	}
	go(e) {
		this.set({ view: e });
	}
	take(e, t) {
		We(() => {
			this.explained.value = e, this.answered.value = e && t;
		});
	}
	followed() {
		let e = this.answered.value;
		return e && {
			...wn(e),
			target: e.target ?? this.explained.value?.target.id
		};
	}
	link() {
		if (this.data.host === "widget") return () => {};
		let e = Cn(this.state.value), t = lt(() => {
			let t = this.state.value, n = gn(t), r = Cn(t) !== e;
			if (e = Cn(t), n === location.hash) return;
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
function Cn({ view: e, a: t, b: n, source: r, position: i, target: a, vs: o, reference: s }) {
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
function wn({ a: e, source: t, target: n, vs: r, reference: i, position: a }) {
	return Tn({
		prompt: e,
		source: t,
		target: n,
		vs: r,
		position: a,
		reference: r === null && i !== "mean" ? i : null
	});
}
function Tn(e) {
	return Object.fromEntries(Object.entries(e).filter(([, e]) => e != null));
}
// src/protocol/transports.ts
function En(e) {
	return (t, n) => {
		let r = new AbortController();
		return Dn("/ask", t, e, r.signal).then(async (e) => {
			if (!e.ok || !e.body) throw Error(await On(e));
			await kn(e.body, n);
		}).catch((e) => {
			r.signal.aborted || n.error(e instanceof Error ? e.message : String(e));
		}), () => r.abort();
	};
}
function Dn(e, t, n, r) {
	let i = { "content-type": "application/json" };
	return n !== null && (i.authorization = `Bearer ${n}`), fetch(e, {
		method: "POST",
		headers: i,
		body: JSON.stringify(t),
		...r ? { signal: r } : {}
	});
}
async function On(e) {
	let t = await e.text();
	try {
		let { message: e } = JSON.parse(t);
		if (e) return e;
	} catch {}
	return t || `The server answered ${e.status}.`;
}
async function kn(e, t) {
	let n = e.pipeThrough(new TextDecoderStream()).getReader(), r = "";
	for (;;) {
		let { done: e, value: i } = await n.read();
		if (e) break;
		r += i.replaceAll("\r\n", "\n");
		let a = r.split("\n\n");
		r = a.pop() ?? "";
		for (let e of a) An(e, t);
	}
	r.trim() && An(r, t), t.error("The server closed the connection before it had answered.");
}
function An(e, t) {
	let n = e.split("\n"), r = (e) => n.filter((t) => t.startsWith(`${e}:`)).map((t) => t.slice(e.length + 1).replace(/^ /, "")), i = r("data").join("\n");
	i && jn(r("event")[0] ?? "message", JSON.parse(i), t);
}
function jn(e, t, n) {
	if (e === "progress") {
		let { stage: e, fraction: r } = t;
		n.progress(e, r);
	} else e === "error" ? n.error(t.message) : e === "result" && n.result(t);
}
var Mn = /* @__PURE__ */ new Set([
	"top",
	"test",
	"target"
]);
function Nn(e) {
	let t = (e) => wt(Object.fromEntries(Object.entries(e).filter(([e]) => !Mn.has(e)))), n = new Map(Object.entries(e).map(([e, n]) => [t(JSON.parse(e)), n]));
	return (e, r) => {
		let i = n.get(t(e));
		return i ? r.result(i) : r.error("Not kept in this report. Open the prompt with `unembed open` to ask for it."), () => {};
	};
}
function Pn(e) {
	let t = 0;
	return (n, r) => {
		t += 1;
		let i = t, a = (t) => {
			t.id === i && (jn(t.event, t.data, r), t.event !== "progress" && e.off("msg:custom", a));
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
// node_modules/preact/jsx-runtime/dist/jsxRuntime.mjs
var Fn = Symbol.for("pv"), In = 0;
Array.isArray;
function G(t, n, r, i, a, o) {
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
		constructor: Fn,
		__v: --In,
		__i: -1,
		__u: 0
	};
	return (a || o) && (u.__source = a, u.__self = o), e.vnode && e.vnode(u), u;
}
// src/ui/Field.tsx
function Ln(e) {
	let t = R(), n = String(t.state.value[e.name] ?? ""), r = L(n);
	ke(() => {
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
	return e.wide ? /* @__PURE__ */ G("label", {
		class: "wide",
		children: [e.label, /* @__PURE__ */ G("textarea", {
			...a,
			rows: Math.min(4, Math.ceil(Math.max(r.value.length, 1) / 100)),
			dir: "auto",
			onInput: (e) => r.value = e.currentTarget.value,
			onKeyDown: (e) => {
				e.key !== "Enter" || e.shiftKey || (e.preventDefault(), i());
			}
		})]
	}) : /* @__PURE__ */ G("label", { children: [e.label, /* @__PURE__ */ G("input", {
		...a,
		type: "text",
		onInput: (e) => r.value = e.currentTarget.value,
		onKeyDown: (e) => e.key === "Enter" && i()
	})] });
}
// src/panels/Header.tsx
function Rn() {
	let e = R(), t = e.explained.value?.model ?? e.data.model, n = e.data.host !== "report", r = e.beside();
	return /* @__PURE__ */ G("header", {
		class: "top",
		children: [/* @__PURE__ */ G("div", {
			class: "title",
			children: [
				/* @__PURE__ */ G("h1", { children: "unembed" }),
				t ? /* @__PURE__ */ G("p", {
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
				/* @__PURE__ */ G("form", {
					class: "fields",
					onSubmit: (e) => e.preventDefault(),
					children: [e.reads() === "text" ? /* @__PURE__ */ G(Ln, {
						name: "source",
						label: "Source",
						wide: !0,
						live: n
					}) : null, /* @__PURE__ */ G(Ln, {
						name: "a",
						label: r === "source" ? "Decoder's prompt" : "Prompt",
						wide: !0,
						live: n
					})]
				}),
				/* @__PURE__ */ G(Un, {}),
				/* @__PURE__ */ G(Hn, {}),
				e.data.host === "page" ? /* @__PURE__ */ G(Wn, {}) : null,
				/* @__PURE__ */ G("button", {
					type: "button",
					"aria-label": "Keys",
					title: "Keys",
					onClick: () => e.helpOpen.value = !0,
					children: "?"
				})
			]
		}), /* @__PURE__ */ G("div", {
			class: "bar-of-views",
			children: [/* @__PURE__ */ G(Bn, {}), /* @__PURE__ */ G(Vn, { live: n })]
		})]
	});
}
var zn = {
	why: "Why",
	parts: "Parts",
	graph: "Graph",
	tests: "Tests",
	compare: "Compare",
	facts: "Facts",
	continue: "Continue"
};
function Bn() {
	let e = R(), t = e.state.value;
	return /* @__PURE__ */ G("nav", {
		"aria-label": "Views",
		children: mn.map((n) => /* @__PURE__ */ G("a", {
			href: gn({
				...t,
				view: n
			}) || "#",
			"aria-current": n === t.view ? "page" : void 0,
			onClick: (t) => {
				t.ctrlKey || t.metaKey || t.shiftKey || (t.preventDefault(), e.go(n));
			},
			children: [zn[n], n === "tests" && t.pins.length > 0 ? /* @__PURE__ */ G("span", {
				class: "small",
				children: [" ", t.pins.length]
			}) : null]
		}, n))
	});
}
function Vn({ live: e }) {
	let t = R(), n = t.state.value;
	return /* @__PURE__ */ G("details", {
		class: "options",
		open: n.target !== null || n.vs !== null || n.reference !== "mean",
		children: [/* @__PURE__ */ G("summary", { children: "Another token or reference" }), /* @__PURE__ */ G("form", {
			class: "fields",
			onSubmit: (e) => e.preventDefault(),
			children: [
				/* @__PURE__ */ G(Ln, {
					name: "target",
					label: "Target",
					placeholder: "top prediction",
					live: e
				}),
				/* @__PURE__ */ G(Ln, {
					name: "vs",
					label: "Versus",
					placeholder: "none",
					live: e
				}),
				/* @__PURE__ */ G("label", { children: ["Reference", /* @__PURE__ */ G("select", {
					value: n.vs === null ? n.reference : "vs",
					disabled: !e || n.vs !== null,
					onChange: (e) => t.set({ reference: e.currentTarget.value }),
					children: [
						/* @__PURE__ */ G("option", {
							value: "mean",
							children: "above vocabulary mean"
						}),
						/* @__PURE__ */ G("option", {
							value: "raw",
							children: "raw logit"
						}),
						n.vs === null ? null : /* @__PURE__ */ G("option", {
							value: "vs",
							children: "minus the versus token"
						})
					]
				})] })
			]
		})]
	});
}
function Hn() {
	let e = R();
	return e.data.host === "page" ? /* @__PURE__ */ G("button", {
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
function Un() {
	let e = R(), t = je(null), n = L(!1);
	return /* @__PURE__ */ G("label", {
		class: "find",
		children: [/* @__PURE__ */ G("span", { children: ["Find ", /* @__PURE__ */ G("kbd", { children: "/" })] }), /* @__PURE__ */ G("input", {
			ref: t,
			type: "search",
			"data-find": !0,
			placeholder: "L23.H4",
			"aria-invalid": n.value,
			onKeyDown: (r) => {
				if (r.key !== "Enter" || !t.current) return;
				let i = Lt(t.current.value), a = e.explained.value?.model, o = i?.encoder ? e.reads() === null : i && a && i.layer >= a.layers;
				n.value = i === null || !!o, i && !n.value && e.select(i), e.said.value = n.value ? "No such part: write L23, L23.H4, L24.N1005 or L24 mlp." : "";
			}
		})]
	});
}
function Wn() {
	let e = R(), t = L(null), n = async () => {
		t.value = null;
		let n = await Dn("/report", {
			state: e.state.value,
			results: e.desk.shown(e.state.value.a, e.state.value.b)
		}, e.data.token);
		if (!n.ok) {
			t.value = await On(n);
			return;
		}
		let r = URL.createObjectURL(await n.blob()), i = document.createElement("a");
		i.href = r, i.download = "unembed-report.html", i.click(), URL.revokeObjectURL(r);
	};
	return /* @__PURE__ */ G(x, { children: [/* @__PURE__ */ G("button", {
		type: "button",
		onClick: () => n().catch((e) => t.value = String(e)),
		disabled: !e.explained.value,
		children: "Save report"
	}), t.value ? /* @__PURE__ */ G("p", {
		class: "error",
		role: "alert",
		children: t.value
	}) : null] });
}
// src/panels/Help.tsx
var Gn = [
	["↑ ↓", "in the ledger: from row to row; in a grid: over the cells"],
	["→ ←", "in the ledger: open and close a row; in the tokens: from token to token"],
	["Enter", "choose what has the focus"],
	["t", "test the selected part: zero, then mean, then none"],
	["p", "pin the test of the selected part"],
	["/", "find a part by name"],
	["Escape", "select nothing; close this"],
	["?", "show the keys"]
];
function Kn() {
	let e = R(), t = je(null), n = e.helpOpen.value;
	return ke(() => {
		n && !t.current?.open && t.current?.showModal(), n || t.current?.close();
	}, [n]), /* @__PURE__ */ G("dialog", {
		ref: t,
		"aria-labelledby": "unembed-keys",
		onClose: () => e.helpOpen.value = !1,
		children: [
			/* @__PURE__ */ G("h2", {
				id: "unembed-keys",
				children: "Keys"
			}),
			/* @__PURE__ */ G("table", { children: /* @__PURE__ */ G("tbody", { children: Gn.map(([e, t]) => /* @__PURE__ */ G("tr", { children: [/* @__PURE__ */ G("th", {
				scope: "row",
				children: /* @__PURE__ */ G("kbd", { children: e })
			}), /* @__PURE__ */ G("td", { children: t })] }, e)) }) }),
			/* @__PURE__ */ G("button", {
				type: "button",
				onClick: () => e.helpOpen.value = !1,
				children: "Close"
			})
		]
	});
}
// src/panels/Start.tsx
var qn = [
	["A fact", "The capital of France is"],
	["Who did what", "When Mary and John went to the store, John gave a drink to"],
	["A pattern", "one two three four five six one two three four"]
];
function Jn() {
	let e = R(), t = e.beside();
	return /* @__PURE__ */ G("main", {
		class: "start",
		children: [
			/* @__PURE__ */ G("h2", { children: "Why did the model say that?" }),
			/* @__PURE__ */ G("p", { children: [
				"Type a ",
				t,
				" above and press Enter. You see what the model says next, which words it needs for that, and which of its parts carried it. Each number is checked by running the model again without that word or part."
			] }),
			t === "prompt" && e.data.host !== "report" ? /* @__PURE__ */ G("ul", { children: qn.map(([t, n]) => /* @__PURE__ */ G("li", { children: /* @__PURE__ */ G("button", {
				type: "button",
				onClick: () => e.set({ a: n }),
				children: [
					/* @__PURE__ */ G("span", {
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
function K(e) {
	let t = R(), n = e.answer;
	return !n || n.result ? null : n.error && t.data.host === "report" ? /* @__PURE__ */ G("p", {
		class: "note",
		children: n.error
	}) : n.error ? /* @__PURE__ */ G("p", {
		class: "error",
		role: "alert",
		children: n.error
	}) : /* @__PURE__ */ G("p", {
		class: "progress",
		children: [
			/* @__PURE__ */ G("progress", {
				value: n.fraction,
				max: 1,
				"aria-label": n.stage
			}),
			" ",
			n.stage
		]
	});
}
function Yn(e, t) {
	let n = L(0), r = je(""), i = `${e} ${t}`;
	return r.current !== i && (r.current = i, (e < n.value || e >= n.value + 128) && (n.value = Math.max(0, e - 128 + 1))), n;
}
function Xn(e, t, n) {
	return e >= t && e < t + 128 ? t : Math.min(Math.max(0, e - 64), Math.max(0, n - 128));
}
// src/lib/colours.ts
var Zn = [
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
], Qn = [
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
], $n = [
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
], er = I(!1);
if (typeof matchMedia < "u") {
	let e = matchMedia("(prefers-color-scheme: dark)");
	er.value = e.matches, e.addEventListener("change", () => {
		er.value = e.matches;
	});
}
function tr(e, t) {
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
function nr(e, t) {
	return ar(tr(er.value ? Qn : Zn, .5 + (t > 0 ? e / t : 0) / 2));
}
function rr(e) {
	return ar(tr($n, e));
}
function ir(e) {
	let [t = 0, n = 0, r = 0] = (e.match(/\d+/g) ?? []).map((e) => {
		let t = Number(e) / 255;
		return t <= .04045 ? t / 12.92 : ((t + .055) / 1.055) ** 2.4;
	});
	return .2126 * t + .7152 * n + .0722 * r > .179 ? "#000" : "#fff";
}
function ar([e, t, n]) {
	return `rgb(${e},${t},${n})`;
}
// src/lib/format.ts
var or = "−", sr = 1e6;
function q(e, t = 2) {
	return cr(e, t, "");
}
function J(e, t = 2) {
	return cr(e, t, "+");
}
function cr(e, t, n) {
	let r = Math.abs(e);
	if (!(r < sr)) return lr(e, t, n);
	let i = r.toFixed(t);
	return Number(i) === 0 ? i : ur(e, n) + i;
}
function lr(e, t = 0, n = "") {
	if (Number.isNaN(e)) return "NaN";
	if (e === 0) return "0";
	let r = Math.abs(e), i = Number.isFinite(r) ? r.toExponential(t).replace(/([+-])(\d)$/, "$10$2") : "∞";
	return ur(e, n) + i;
}
function ur(e, t) {
	return e < 0 ? or : t;
}
function Y(e) {
	if (e < 1e-4) return "<0.01%";
	let t = q(100 * e, e >= .001 ? 1 : 2);
	return t === "100.0" ? ">99.9%" : `${t}%`;
}
function dr(e) {
	return `${q(100 * e, 1)}%`;
}
function fr(e, t) {
	if (Math.max(e, t) < 1e-4) return [lr(e, 1), lr(t, 1)];
	let [n, r] = [Y(e), Y(t)];
	if (!gr(e, t) || n !== r && !hr(e, t)) return [n, r];
	let i = 2;
	for (; i < 4 && !mr(e, t, i);) i++;
	return [`${pr(e, i)}%`, `${pr(t, i)}%`];
}
function pr(e, t) {
	let n = q(100 * e, t);
	if (e <= 0 || e >= 1 || ![0, 100].includes(Number(n))) return n;
	let r = 10 ** -t;
	return Number(n) === 0 ? `<${q(r, t)}` : `>${q(100 - r, t)}`;
}
function mr(e, t, n) {
	let r = [pr(e, n), pr(t, n)];
	return r[0] !== r[1] && !(hr(e, t) && r.some((e) => e.includes(">")));
}
function hr(e, t) {
	return Math.min(e, t) > .99;
}
function gr(e, t) {
	let [n, r] = e < t ? [e, t] : [t, e];
	return r * (1 - n) > 1.1 * n * (1 - r);
}
function _r(e) {
	let { verdict: t, size: n } = e;
	return `${n === "none" || t === "ordinary" ? "○" : "●"} ${t === null ? n : t === "ordinary" ? t : `${n} ${t}`}${e.borderline ? " ~" : ""}`;
}
var vr = {
	" ": "·",
	"\n": "↵",
	"	": "⇥"
}, yr = /[\p{Cc}\p{Cf}\p{Cs}\p{Cn}\p{Co}\p{Z}\p{Default_Ignorable_Code_Point}\u2800]/u;
function X(e) {
	return [...e].map((e) => vr[e] ?? (yr.test(e) ? br(e) : e)).join("") || "''";
}
function br(e) {
	let t = (e.codePointAt(0) ?? 0).toString(16).padStart(4, "0");
	return t.length > 4 ? `\\u{${t}}` : `\\u${t}`;
}
// src/hooks/useRedraw.ts
function xr(e) {
	ke(() => {
		e();
		let t = matchMedia("(prefers-color-scheme: dark)");
		return t.addEventListener("change", e), addEventListener("resize", e), () => {
			t.removeEventListener("change", e), removeEventListener("resize", e);
		};
	});
}
// src/ui/Grid.tsx
var Sr = 34;
function Cr(e) {
	let t = je(null), n = L(null), r = je({
		width: 1,
		height: 1
	}), { columns: i, rows: a } = e;
	xr(() => {
		let o = t.current, s = o?.parentElement?.clientWidth ?? 0, c = o?.getContext("2d");
		if (!o || !c || s === 0) return;
		let l = {
			width: Math.min(Math.max((s - Sr) / Math.max(i, 1), 7), 64),
			height: e.height ?? Math.min(Math.max(320 / Math.max(a, 1), 9), 22)
		};
		r.current = l;
		let [u, d] = [Sr + l.width * i, l.height * a + Or(e)], f = devicePixelRatio || 1;
		o.width = u * f, o.height = d * f, o.style.width = `${u}px`, o.style.height = `${d}px`, c.scale(f, f), Tr(c, e, l), Dr(c, e, l, getComputedStyle(o).color), n.value && Er(c, n.value, l, getComputedStyle(o).getPropertyValue("--accent"), 3);
	});
	let o = (e) => {
		let n = t.current?.getBoundingClientRect();
		if (!n) return null;
		let o = Math.floor((e.clientX - n.left - Sr) / r.current.width), s = Math.floor((e.clientY - n.top) / r.current.height);
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
			n.value = [wr(o[0] + e, i), wr(o[1] + t, a)];
		} else if ((t.key === "Enter" || t.key === " ") && e.onChoose) e.onChoose(...o);
		else return;
		t.preventDefault();
	}, c = n.value && n.value[0] < i && n.value[1] < a ? e.tell(...n.value) : null;
	return /* @__PURE__ */ G(x, { children: [/* @__PURE__ */ G("div", {
		class: "grid",
		children: /* @__PURE__ */ G("canvas", {
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
	}), /* @__PURE__ */ G("p", {
		class: "told",
		"aria-live": "polite",
		children: c ?? "\xA0"
	})] });
}
function wr(e, t) {
	return Math.min(Math.max(e, 0), t - 1);
}
function Tr(e, t, n) {
	for (let r = 0; r < t.rows; r += 1) for (let i = 0; i < t.columns; i += 1) {
		let a = t.colour(i, r);
		if (a === null) continue;
		e.fillStyle = a;
		let o = +(n.width > 10);
		e.fillRect(Sr + i * n.width, r * n.height, n.width - o, n.height - o), t.marked?.(i, r) && Er(e, [i, r], n, "#e8710a", 2);
	}
}
function Er(e, [t, n], r, i, a) {
	e.strokeStyle = i || "#e8710a", e.lineWidth = a, e.strokeRect(Sr + t * r.width + 1, n * r.height + 1, r.width - 2, r.height - 2);
}
function Dr(e, t, n, r) {
	e.fillStyle = r, e.font = "11px system-ui, sans-serif", e.textBaseline = "middle", e.textAlign = "right";
	let i = Math.ceil(12 / n.height);
	for (let r = t.rows - 1; r >= 0; r -= i) e.fillText(t.rowName(r), 30, (r + .5) * n.height);
	let a = Math.ceil(13 / n.width);
	for (let r = 0; r < t.columns; r += a) e.save(), e.translate(Sr + (r + .5) * n.width, t.rows * n.height + 4), e.rotate(-Math.PI / 4), e.fillText(kr(t.columnName(r)), 0, 4), e.restore();
}
function Or(e) {
	let t = Array.from({ length: e.columns }, (t, n) => kr(e.columnName(n)).length);
	return 18 + 5 * Math.max(0, ...t);
}
function kr(e) {
	let t = [...e];
	return t.length > 11 ? `${t.slice(0, 10).join("")}…` : e;
}
// src/ui/Panel.tsx
function Z(e) {
	let t = Pe();
	return /* @__PURE__ */ G("section", {
		class: `panel panel-${e.name}`,
		"aria-labelledby": t,
		children: [
			/* @__PURE__ */ G("h2", {
				id: t,
				children: e.title
			}),
			e.note ? /* @__PURE__ */ G("p", {
				class: "note",
				children: e.note
			}) : null,
			e.children
		]
	});
}
// src/ui/PartButton.tsx
function Q(e) {
	let t = R(), n = U(e.part, t.state.value.selection);
	return /* @__PURE__ */ G("button", {
		type: "button",
		class: "part",
		"aria-pressed": n,
		onClick: () => t.select(n ? null : e.part),
		onMouseEnter: () => t.hovered.value = e.part,
		onMouseLeave: () => t.hovered.value = null,
		children: W(e.part)
	});
}
// src/ui/Table.tsx
function Ar(e) {
	return /* @__PURE__ */ G("section", {
		class: "scroll",
		tabIndex: 0,
		"aria-label": e.label,
		children: e.children
	});
}
function jr(e) {
	let t = R(), n = Mr();
	return /* @__PURE__ */ G("details", {
		class: "twin",
		ref: n.ref,
		onToggle: n.toggle,
		children: [/* @__PURE__ */ G("summary", { children: ["Table: ", e.label] }), n.open || t.data.host === "report" ? /* @__PURE__ */ G(Ar, {
			label: `Table: ${e.label}`,
			children: /* @__PURE__ */ G("table", { children: [/* @__PURE__ */ G("thead", { children: /* @__PURE__ */ G("tr", { children: e.head.map((e, t) => /* @__PURE__ */ G("th", {
				scope: "col",
				children: e
			}, t)) }) }), /* @__PURE__ */ G("tbody", { children: e.rows().map((e, t) => /* @__PURE__ */ G("tr", { children: e.map((e, t) => /* @__PURE__ */ G("td", { children: e }, t)) }, t)) })] })
		}) : null]
	});
}
function Mr() {
	let e = L(!1), t = je(null);
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
// src/ui/Window.tsx
function Nr(e) {
	let { start: t, length: n, what: r } = e;
	if (n <= 128) return t.value !== 0 && (t.value = 0), null;
	let i = Math.max(0, n - 128), a = (e) => {
		t.value = Math.min(Math.max(e, 0), i);
	};
	return /* @__PURE__ */ G("p", {
		class: "window",
		children: [
			/* @__PURE__ */ G("button", {
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
			/* @__PURE__ */ G("button", {
				type: "button",
				disabled: t.value >= i,
				onClick: () => a(t.value + 128),
				children: ["Later ", r]
			})
		]
	});
}
// src/panels/Attention.tsx
function Pr() {
	let e = R(), t = e.explained.value, n = e.followed(), { selection: r } = e.state.value, i = t?.heads.find((e) => !e.cross), a = r && Nt(r) !== "mlp" ? r : null, o = a !== null && Pt(a), s = a !== null && Ft(a), c = (s ? t?.sources?.length : t?.tokens.length) ?? 0, l = Yn(s ? 0 : t?.position ?? 0, c), u = a?.layer ?? i?.layer ?? 0, d = a ? a.head : i?.head, f = n && {
		ask: "attention",
		...n,
		layer: u,
		...a ? It(a) : {}
	}, p = B(f), m = B(f && d !== void 0 && !o ? {
		...f,
		head: d
	} : null);
	return t ? /* @__PURE__ */ G(Z, {
		name: "attention",
		title: `${o ? "Cross-attention" : a?.encoder ? "Attention of the encoder" : "Attention"}: layer ${u}`,
		note: a ? `${Fr(a, t.position)} Each head: its attention to the tokens (above) and what they give the target through it (below).` : "Of the strongest head. Select a head or an attention sublayer to see another.",
		children: [
			/* @__PURE__ */ G(Nr, {
				start: l,
				length: c,
				what: "tokens"
			}),
			/* @__PURE__ */ G(K, { answer: p.answer }),
			p.result ? /* @__PURE__ */ G("div", {
				class: p.stale ? "stale" : "",
				children: [/* @__PURE__ */ G(Rr, {
					payload: p.result,
					start: l.value
				}), /* @__PURE__ */ G(jr, {
					label: "attention and contribution by head and token",
					head: [
						"head",
						"source",
						"attention",
						"gives (logits)"
					],
					rows: () => Ir(p.result, l.value)
				})]
			}) : null,
			d === void 0 || o ? null : /* @__PURE__ */ G(K, { answer: m.answer }),
			m.result?.matrix === null ? /* @__PURE__ */ G("p", {
				class: "note",
				children: "The whole pattern of a head is not kept for a prompt of this length."
			}) : null,
			m.result?.matrix ? /* @__PURE__ */ G("div", {
				class: m.stale ? "stale" : "",
				children: /* @__PURE__ */ G(Vr, {
					payload: m.result,
					matrix: m.result.matrix,
					start: l.value
				})
			}) : null
		]
	}) : null;
}
function Fr(e, t) {
	return e.encoder ? "The mean over all positions of the source." : `From position ${t}.`;
}
function Ir(e, t) {
	return e.heads.flatMap((n) => Lr(n, e).slice(t, t + 128).map((e) => [
		W(V(n)),
		`${e.position} ${X(e.text)}`,
		q(n.pattern[e.position] ?? 0, 3),
		J(n.contribution[e.position] ?? 0, 3)
	]));
}
function Lr(e, t) {
	return e.cross || e.encoder ? (t.sources ?? []).map(({ position: e, label: t }) => ({
		position: e,
		text: t
	})) : t.tokens.slice(0, e.pattern.length);
}
function Rr({ payload: e, start: t }) {
	let { heads: n } = e, r = Math.max(0, ...n.flatMap((e) => e.contribution.map(Math.abs)));
	return /* @__PURE__ */ G("ul", {
		class: "multiples",
		children: n.map((n) => /* @__PURE__ */ G("li", { children: [
			/* @__PURE__ */ G(Q, { part: V(n) }),
			" ",
			J(n.value),
			/* @__PURE__ */ G(zr, {
				head: n,
				tokens: Lr(n, e),
				start: t,
				largest: r
			})
		] }, n.head))
	});
}
function zr(e) {
	let t = e.tokens.slice(e.start, e.start + 128), n = 100 / Math.max(t.length, 1);
	return /* @__PURE__ */ G("svg", {
		class: "strips",
		viewBox: "0 0 100 20",
		preserveAspectRatio: "none",
		"aria-hidden": "true",
		children: t.map((t, r) => {
			let i = e.head.pattern[t.position] ?? 0, a = e.head.contribution[t.position] ?? 0;
			return /* @__PURE__ */ G("g", { children: [
				/* @__PURE__ */ G("rect", {
					x: r * n,
					y: 0,
					width: n * .94,
					height: 9,
					fill: rr(i)
				}),
				/* @__PURE__ */ G("rect", {
					x: r * n,
					y: 10,
					width: n * .94,
					height: 9,
					fill: nr(a, e.largest)
				}),
				/* @__PURE__ */ G("title", { children: `${t.position} ${X(t.text)}: attention ${q(i)}, gives ${J(a)}` })
			] }, t.position);
		})
	});
}
var Br = {
	attention: "pattern",
	written: "value-weighted, at every position",
	target: "value-weighted, for the target"
};
function Vr(e) {
	let { payload: t, matrix: n, start: r } = e, [i] = t.heads, a = L("attention"), o = i?.encoder || (t.model.bidirectional ?? !1), s = i?.encoder ? Lr(i, t) : t.tokens, c = Math.min(128, s.length - r), l = i ? W(V(i)) : "", u = (e) => X(s[r + e]?.text ?? ""), d = (e, t) => n[r + e]?.[r + t] ?? 0, f = (e, n) => d(e, n) * (t.norms?.[r + n] ?? 0);
	return /* @__PURE__ */ G(x, { children: [
		/* @__PURE__ */ G("h3", { children: l }),
		/* @__PURE__ */ G("p", {
			class: "controls",
			children: Object.entries(Br).map(([e, n]) => /* @__PURE__ */ G("button", {
				type: "button",
				"aria-pressed": a.value === e,
				disabled: e === "written" && !t.norms,
				onClick: () => a.value = e,
				children: n
			}, e))
		}),
		a.value === "target" ? /* @__PURE__ */ G(Ur, {
			text: u,
			given: i?.contribution ?? [],
			name: l,
			start: r,
			size: c
		}) : /* @__PURE__ */ G(Hr, {
			label: a.value === "attention" ? `Attention pattern of ${l}, query by key` : `Norm of what ${l} writes, query by key`,
			size: c,
			start: r,
			text: u,
			value: a.value === "attention" ? d : f,
			whole: o,
			largest: a.value === "attention" ? 1 : void 0
		}),
		/* @__PURE__ */ G(jr, {
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
				q(d(n, i), 3),
				t.norms ? q(f(n, i), 3) : ""
			])).flat()
		})
	] });
}
function Hr(e) {
	let { size: t, start: n, text: r, value: i } = e, a = Array.from({ length: t }, (e, t) => t), o = e.largest ?? Math.max(1e-9, ...a.flatMap((e) => a.map((t) => i(e, t))));
	return /* @__PURE__ */ G(Cr, {
		label: e.label,
		columns: t,
		rows: t,
		height: 12,
		colour: (t, n) => t > n && !e.whole ? null : rr(i(n, t) / o),
		tell: (e, t) => `from ${n + t} ${r(t)} to ${n + e} ${r(e)}: ${q(i(t, e), 3)}`,
		rowName: (e) => `${n + e}`,
		columnName: r
	});
}
function Ur(e) {
	let { text: t, given: n, name: r, start: i } = e, a = Math.max(0, ...n.map(Math.abs));
	return /* @__PURE__ */ G(Cr, {
		label: `What each token gives through ${r}`,
		columns: e.size,
		rows: 1,
		height: 26,
		colour: (e) => nr(n[i + e] ?? 0, a),
		tell: (e) => `${t(e)} gives ${J(n[i + e] ?? 0, 3)} logits through ${r}`,
		rowName: () => "",
		columnName: t
	});
}
// src/hooks/useTested.ts
function Wr() {
	return z(Gr(R().followed()))?.result ?? null;
}
function Gr(e) {
	return e ? {
		ask: "explain",
		...e,
		test: !0,
		top: 10
	} : null;
}
function Kr(e, t) {
	return (t.head === void 0 ? t.kind === "neuron" ? e.neurons.find((e) => e.layer === t.layer && e.neuron === t.neuron && (e.expert ?? void 0) === t.expert) : e.sublayers.find((e) => e.kind === t.kind && e.layer === t.layer) : e.heads.find((e) => e.cross === Pt(t) && e.layer === t.layer && e.head === t.head))?.zeroed ?? null;
}
// src/lib/carried.ts
var qr = .25, Jr = .1;
function Yr(e, t) {
	let n = [...e].sort((e, t) => t.credit - e.credit)[0], r = e.slice(0, t);
	return !n || r.includes(n) ? r : [...r.slice(0, -1), n];
}
function Xr(e) {
	let t = e.heads.flatMap((t) => Zr(V(t), t, t.zeroed, Qr(e, t))), n = e.neurons.flatMap((e) => Zr(H(e), e, e.zeroed, $r(e)));
	return [...t, ...n].sort((e, t) => Math.abs(t.effect.nats) - Math.abs(e.effect.nats));
}
function Zr(e, t, n, r) {
	if (!n) return [];
	let i = n.difference ?? n.effect, a = {
		...ti(i, e),
		does: [r, ei(i, t.value)].filter(Boolean).join("; ")
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
function Qr(e, t) {
	let [n] = t.looks_at;
	return !n || n.attention < qr ? "" : !t.cross && n.position === 0 && e.position > 0 ? `rests on ${X(n.text)}` : `reads ${X(n.text)}`;
}
function $r(e) {
	let [t] = e.promotes;
	return t ? `writes toward ${X(t.text)}` : "";
}
function ei({ nats: e, verdict: t, size: n }, r) {
	return n === "none" || t === "ordinary" ? r > 1 ? "adds much, decides little" : "" : Math.abs(r) < Jr * Math.abs(e) ? "works through later parts" : "";
}
function ti({ verdict: e, size: t, rank: n, among: r, nats: i }, { kind: a }) {
	let o = `${r} ${a === "neuron" ? "neurons" : "heads"}`, s = i < 0;
	return t === "none" ? {
		tag: "hardly matters",
		kind: "ordinary"
	} : e === "ordinary" ? {
		tag: `like other ${a === "neuron" ? "neurons" : "heads"}`,
		kind: "ordinary"
	} : {
		tag: `${ni(n)} of ${o}`,
		kind: s ? "carries" : "holds back"
	};
}
function ni(e) {
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
function ri(e, t, n, r = () => !1) {
	let i = [...e].sort((e, t) => Math.abs(t.value) - Math.abs(e.value)), a = /* @__PURE__ */ new Set([...i.slice(0, t), ...i.filter(r)]), o = i.filter((e) => !a.has(e));
	return {
		shown: (n === "size" ? i : e).filter((e) => a.has(e)),
		others: {
			count: o.length,
			value: ai(o.map((e) => e.value))
		},
		sum: ai(e.map((e) => e.value))
	};
}
function ii(e, t, n) {
	return Math.max(e, Math.abs(n), ...t.map((e) => Math.abs(e.value)));
}
function ai(e) {
	let t = 0, n = 0;
	for (let r of e) {
		let e = t + r;
		n += Math.abs(t) >= Math.abs(r) ? t - e + r : r - e + t, t = e;
	}
	return t + n;
}
function oi(e) {
	let t = ai(e.terms.map((e) => e.value)), n = Math.abs(t - e.value);
	return {
		sum: t,
		error: n,
		holds: n <= e.tolerance
	};
}
function si(e) {
	return [
		e.kind,
		e.layer,
		e.head,
		e.expert,
		e.neuron,
		e.source
	].join(" ");
}
function ci(e, t) {
	let n = new Map(t.map((e) => [si(e), e]));
	return [...e.map((e) => {
		let t = n.get(si(e));
		return n.delete(si(e)), {
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
function li(e) {
	let t = e.largest > 0 ? Math.min(Math.abs(e.value) / e.largest, 1) : 0;
	return /* @__PURE__ */ G("span", {
		class: "bar",
		"aria-hidden": "true",
		children: /* @__PURE__ */ G("span", {
			class: e.value < 0 ? "negative" : "positive",
			style: { width: `${t * 50}%` }
		})
	});
}
function ui(e) {
	return /* @__PURE__ */ G("span", {
		class: e.value < 0 ? "number negative" : "number positive",
		children: J(e.value, e.digits)
	});
}
// src/panels/Carried.tsx
var di = 6;
function fi() {
	let e = R(), t = e.explained.value, n = z(Gr(e.followed())), r = Wr(), i = L(!1);
	if (!t) return null;
	let a = r ? Xr(r) : [], o = i.value ? a : Yr(a, di);
	return /* @__PURE__ */ G(Z, {
		name: "carried",
		title: "What carried it",
		note: r ? pi(r) : "Each part is being switched off …",
		children: [
			/* @__PURE__ */ G(K, { answer: n }),
			r?.control ? /* @__PURE__ */ G(mi, {
				tested: r,
				carriers: o
			}) : null,
			/* @__PURE__ */ G(hi, { explained: t }),
			/* @__PURE__ */ G("p", {
				class: "controls end",
				children: [a.length > di ? /* @__PURE__ */ G("button", {
					type: "button",
					"aria-pressed": i.value,
					onClick: () => i.value = !i.value,
					children: i.value ? "Fewer" : `All ${a.length} that were looked at`
				}) : null, /* @__PURE__ */ G("button", {
					type: "button",
					onClick: () => e.go("parts"),
					children: "All parts"
				})]
			})
		]
	});
}
function pi({ control: e, model: t }) {
	if (!e) return "No part was switched off: this was made without its tests.";
	let n = [e.heads ? `all ${e.heads.count} heads` : "", e.neurons ? `${e.neurons.count} active neurons` : ""].filter(Boolean);
	return `Each part alone set to zero ${t.bidirectional ? "at the blank" : "where the question is asked"}${n.length > 0 ? `, ranked among ${n.join(" and ")}` : ""}.`;
}
function mi({ tested: e, carriers: t }) {
	let n = X(e.target.text.trim() || e.target.text), r = e.reference.kind === "versus", i = r ? e.ledger.value : e.target.probability, a = t.map((e) => r ? i + e.effect.nats : e.probability), o = r ? Math.max(i, ...a, 0) : 1, s = r ? Math.min(i, ...a, 0) : 0, c = (e) => `${100 * (e - s) / Math.max(o - s, 1e-12)}%`;
	return /* @__PURE__ */ G(Ar, {
		label: "Heads and neurons, one a row",
		children: /* @__PURE__ */ G("table", { children: [/* @__PURE__ */ G("thead", { children: /* @__PURE__ */ G("tr", { children: [
			/* @__PURE__ */ G("th", {
				scope: "col",
				children: "part"
			}),
			/* @__PURE__ */ G("th", {
				scope: "col",
				class: "number",
				title: "What it writes toward what is explained, directly: its row of the ledger",
				children: "adds, logits"
			}),
			/* @__PURE__ */ G("th", {
				scope: "col",
				class: "without-column wide-only",
				children: [r ? `lead of ${n} without it` : `${n} without it`, /* @__PURE__ */ G("span", {
					class: "mark-before",
					style: { left: c(i) },
					children: [r ? J(i) : Y(i), " with it"]
				})]
			}),
			/* @__PURE__ */ G("th", {
				scope: "col",
				class: "number",
				children: "with → without"
			}),
			/* @__PURE__ */ G("th", {
				scope: "col",
				children: "what it does here"
			})
		] }) }), /* @__PURE__ */ G("tbody", { children: t.map((e, t) => {
			let n = a[t] ?? 0, o = r ? [J(i), J(n)] : fr(i, n);
			return /* @__PURE__ */ G("tr", { children: [
				/* @__PURE__ */ G("th", {
					scope: "row",
					children: /* @__PURE__ */ G(Q, { part: e.part })
				}),
				/* @__PURE__ */ G("td", {
					class: "number wide-only",
					children: /* @__PURE__ */ G(ui, { value: e.credit })
				}),
				/* @__PURE__ */ G("td", {
					class: "wide-only",
					children: /* @__PURE__ */ G("span", {
						class: `left ${n > i ? "more" : "less"}`,
						"aria-hidden": "true",
						children: [/* @__PURE__ */ G("i", { style: { width: c(n) } }), /* @__PURE__ */ G("b", { style: { left: c(i) } })]
					})
				}),
				/* @__PURE__ */ G("td", {
					class: "number",
					title: `${q(e.effect.nats)} nats`,
					children: [
						o[0],
						" → ",
						o[1]
					]
				}),
				/* @__PURE__ */ G("td", { children: [
					/* @__PURE__ */ G("span", {
						class: `tag ${e.says.kind.replace(" ", "-")}`,
						children: e.says.kind === "holds back" ? `holds it back, ${e.says.tag}` : e.says.tag
					}),
					" ",
					e.says.does
				] })
			] }, Mt(e.part));
		}) })] })
	});
}
function hi({ explained: e }) {
	let { sum: t, error: n, holds: r } = oi(e.ledger), { kind: i, text: a } = e.reference, o = i === "mean" ? "the model's own logit above the mean of the vocabulary" : i === "raw" ? "the model's own logit" : `the model's own lead over ${X(a ?? "")}`;
	return /* @__PURE__ */ G("p", {
		class: r ? "note" : "error",
		children: [
			"All ",
			e.ledger.terms.length,
			" parts add up to ",
			/* @__PURE__ */ G("strong", { children: J(t) }),
			", ",
			o,
			r ? " ✓" : `, which is ${J(e.ledger.value)}`,
			" ",
			/* @__PURE__ */ G("span", {
				class: "small",
				children: [
					"(off by ",
					lr(n),
					")"
				]
			})
		]
	});
}
// src/lib/align.ts
function gi(e, t) {
	let n = [], [r, i] = [0, 0];
	for (let [a, o] of [...vi(e, t), [e.length, t.length]]) {
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
function _i(e) {
	return e.flatMap(({ a: e, b: t }) => e === null || t === null ? [] : [[e, t]]);
}
function vi(e, t) {
	let n = 0;
	for (; n < e.length && n < t.length && e[n] === t[n];) n += 1;
	let r = 0;
	for (; r < Math.min(e.length, t.length) - n && e.at(-1 - r) === t.at(-1 - r);) r += 1;
	let i = yi(e.slice(n, e.length - r), t.slice(n, t.length - r));
	return [
		...Array.from({ length: n }, (e, t) => [t, t]),
		...i.map(([e, t]) => [e + n, t + n]),
		...Array.from({ length: r }, (n, i) => [e.length - r + i, t.length - r + i])
	];
}
function yi(e, t) {
	let n = t.length + 1, r = new Uint16Array((e.length + 1) * n), i = (e, t) => r[e * n + t] ?? 0;
	for (let a = e.length - 1; a >= 0; --a) for (let o = t.length - 1; o >= 0; --o) r[a * n + o] = e[a] === t[o] ? i(a + 1, o + 1) + 1 : Math.max(i(a + 1, o), i(a, o + 1));
	let a = [];
	for (let n = 0, r = 0; n < e.length && r < t.length;) e[n] === t[r] ? a.push([n++, r++]) : i(n + 1, r) >= i(n, r + 1) ? n += 1 : r += 1;
	return a;
}
// src/hooks/useCompared.ts
function bi() {
	let e = R(), { b: t } = e.state.value, { position: n } = e.answered.value ?? e.state.value, r = e.explained.value, i = e.followed(), a = e.beside(), o = t !== null && t !== "" && r !== null && i !== null && t !== i[a], s = {
		...i,
		[a]: t,
		test: !1,
		top: 10
	};
	delete s.position;
	let c = z(o ? {
		ask: "explain",
		...s
	} : null), l = o && c?.result ? gi(xi(r), xi(c.result)) : null, u = l && r ? _i(l).find(([e]) => e === r.position) : void 0, d = z(o && n !== null && u ? {
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
function xi(e) {
	return e.tokens.map((e) => e.id);
}
// src/ui/Token.tsx
function $(e) {
	return /* @__PURE__ */ G("bdi", {
		class: "token-text",
		children: X(e.text)
	});
}
function Si(e) {
	return /* @__PURE__ */ G("span", {
		class: "tokens",
		children: e.tokens.map((e, t) => /* @__PURE__ */ G("span", {
			class: "chip",
			children: /* @__PURE__ */ G($, { text: e.text })
		}, t))
	});
}
function Ci(e) {
	return /* @__PURE__ */ G("span", {
		class: "chip",
		children: [
			/* @__PURE__ */ G($, { text: e.at.text }),
			" ",
			/* @__PURE__ */ G("span", {
				class: "small",
				children: q(e.at.attention)
			})
		]
	});
}
// src/panels/Patch.tsx
var wi = {
	resid_pre: "stream before a block",
	attention: "attention's write",
	mlp: "MLP's write"
};
function Ti(e) {
	let t = R(), { a: n, target: r, vs: i } = t.answered.value ?? t.state.value, a = L("resid_pre"), { answer: o, result: s, stale: c } = B({
		ask: "patch",
		prompt: n,
		prompt_b: e.promptB,
		site: a.value,
		align: e.pairs,
		...r === null ? {} : { target: r },
		...i === null ? {} : { vs: i }
	});
	return /* @__PURE__ */ G("div", { children: [
		/* @__PURE__ */ G("h3", { children: "Patching: B with one value of A at a time" }),
		/* @__PURE__ */ G("p", {
			class: "controls",
			children: /* @__PURE__ */ G("label", { children: [
				"Value",
				" ",
				/* @__PURE__ */ G("select", {
					value: a.value,
					onChange: (e) => a.value = e.currentTarget.value,
					children: Object.entries(wi).map(([e, t]) => /* @__PURE__ */ G("option", {
						value: e,
						children: t
					}, e))
				})
			] })
		}),
		/* @__PURE__ */ G(K, { answer: o }),
		s ? /* @__PURE__ */ G("div", {
			class: c ? "stale" : "",
			children: /* @__PURE__ */ G(Ei, { result: s })
		}) : null
	] });
}
function Ei({ result: e }) {
	let t = R(), n = L(0), r = [...new Set(e.grid.map((e) => e.position ?? 0))].sort((e, t) => e - t), i = [...new Set(e.grid.map((e) => e.layer))].sort((e, t) => t - e), a = new Map(e.grid.map((e) => [`${e.layer} ${e.position ?? 0}`, e])), o = r.slice(n.value, n.value + 128), s = (e, t) => a.get(`${i[t]} ${o[e]}`), c = (t) => X(e.clean_tokens[t]?.text ?? ""), l = Math.max(1, ...e.grid.map((e) => Math.abs(e.effect ?? 0))), u = (t) => t ? `L${t.layer}, position ${t.position} ${c(t.position ?? 0)}: ${e.metric} ${q(t.value)}, effect ${J(t.effect ?? 0)}` : "", d = (e.target ?? []).map((e) => X(e.text)).join("");
	return /* @__PURE__ */ G(x, { children: [
		/* @__PURE__ */ G("p", {
			class: "note",
			children: [
				e.metric.replace("-", " "),
				" of ",
				d,
				e.versus ? ` over ${X(e.versus.text)}` : "",
				": ",
				q(e.clean),
				" in A,",
				" ",
				q(e.corrupt),
				" in B. Effect 0: as B; +1 (orange): as A; below 0 (purple): away from A.",
				" ",
				e.complete ? "" : "Not all cells were computed."
			]
		}),
		/* @__PURE__ */ G(Nr, {
			start: n,
			length: r.length,
			what: "tokens"
		}),
		/* @__PURE__ */ G(Cr, {
			label: "Effect of patching, by layer and token",
			columns: o.length,
			rows: i.length,
			colour: (e, t) => {
				let n = s(e, t);
				return n ? nr(n.effect ?? 0, l) : null;
			},
			tell: (e, t) => u(s(e, t)),
			rowName: (e) => `L${i[e]}`,
			columnName: (e) => c(o[e] ?? -1),
			...e.site.startsWith("resid") ? {} : { onChoose: (n, r) => t.select({
				kind: e.site === "mlp" ? "mlp" : "attention",
				layer: i[r] ?? 0
			}) }
		}),
		/* @__PURE__ */ G(jr, {
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
				q(e.value),
				e.effect === null ? "—" : J(e.effect)
			])
		})
	] });
}
// src/panels/Compare.tsx
var Di = 12;
function Oi() {
	let e = R(), t = e.explained.value, n = bi(), { b: r } = e.state.value;
	if (!t) return null;
	if (!n) return /* @__PURE__ */ G(Z, {
		name: "compare",
		title: "Compare A and B",
		note: `A second ${e.beside()}, best with as many tokens: its ledger is set beside this one's, and its values are put in here to see which bring its answer.`,
		children: /* @__PURE__ */ G(ki, {})
	});
	let i = n.columns ? _i(n.columns) : [];
	return /* @__PURE__ */ G(Z, {
		name: "compare",
		title: "Compare A and B",
		children: [
			/* @__PURE__ */ G(ki, {}),
			/* @__PURE__ */ G(K, { answer: n.answer }),
			/* @__PURE__ */ G(Ai, {
				explained: t,
				compared: n
			}),
			n.columns && n.mate === null ? /* @__PURE__ */ G("p", {
				class: "error",
				children: "The explained position of A has no partner in B, so the two ledgers are not set side by side."
			}) : null,
			/* @__PURE__ */ G("div", {
				class: "side-by-side wide",
				children: [n.result && n.mate !== null ? /* @__PURE__ */ G(Mi, {
					a: t,
					b: n.result
				}) : null, e.reads() === null && i.length > 0 && n.mate !== null ? t.position === t.asks ? /* @__PURE__ */ G(Ti, {
					pairs: i,
					promptB: r ?? ""
				}) : /* @__PURE__ */ G("p", {
					class: "note",
					children: "Patching is read at the last token; choose it to see this map."
				}) : null]
			})
		]
	});
}
function ki() {
	let e = R(), { a: t, b: n, source: r } = e.state.value, i = e.beside(), a = e.data.host !== "report" && e.reads() !== "audio";
	return n === null ? /* @__PURE__ */ G("button", {
		type: "button",
		disabled: !a,
		onClick: () => e.set({ b: i === "source" ? r : t }),
		children: [
			"A | B: add ",
			i,
			" B"
		]
	}) : /* @__PURE__ */ G("div", {
		class: "fields",
		children: [/* @__PURE__ */ G(Ln, {
			name: "b",
			label: i === "source" ? "Source B" : "Prompt B",
			wide: !0,
			live: a
		}), /* @__PURE__ */ G("button", {
			type: "button",
			disabled: !a,
			onClick: () => e.set({ b: null }),
			children: "Without B"
		})]
	});
}
function Ai({ explained: e, compared: t }) {
	let n = t.result?.tokens ?? [];
	if (!t.columns || !t.result) return null;
	let r = {
		same: "=",
		differs: "≠",
		alone: "∅"
	};
	return /* @__PURE__ */ G(Ar, {
		label: "Tokens of A and B",
		children: [/* @__PURE__ */ G("table", {
			class: "columns",
			children: /* @__PURE__ */ G("tbody", { children: [
				/* @__PURE__ */ G("tr", { children: [/* @__PURE__ */ G("th", {
					scope: "row",
					children: "A"
				}), t.columns.map(({ a: t, how: n }, r) => /* @__PURE__ */ G("td", {
					class: n,
					children: t === null ? "—" : /* @__PURE__ */ G($, { text: e.tokens[t]?.text ?? "" })
				}, r))] }),
				/* @__PURE__ */ G("tr", { children: [/* @__PURE__ */ G("th", {
					scope: "row",
					children: /* @__PURE__ */ G("span", {
						class: "hidden",
						children: "aligned"
					})
				}), t.columns.map(({ how: e }, t) => /* @__PURE__ */ G("td", {
					class: e,
					title: e,
					children: [r[e], /* @__PURE__ */ G("span", {
						class: "hidden",
						children: e
					})]
				}, t))] }),
				/* @__PURE__ */ G("tr", { children: [/* @__PURE__ */ G("th", {
					scope: "row",
					children: "B"
				}), t.columns.map(({ b: e, how: t }, r) => /* @__PURE__ */ G("td", {
					class: t,
					children: e === null ? "—" : /* @__PURE__ */ G($, { text: n[e]?.text ?? "" })
				}, r))] })
			] })
		}), /* @__PURE__ */ G("p", {
			class: "note",
			children: "= equal; ≠ replaced, set side by side; ∅ without a partner."
		})]
	});
}
var ji = (e) => (e.a ?? 0) - (e.b ?? 0);
function Mi({ a: e, b: t }) {
	let n = ci(e.ledger.terms, t.ledger.terms).sort((e, t) => Math.abs(ji(t)) - Math.abs(ji(e))), r = n.slice(0, Di), i = n.slice(Di), a = Math.max(0, ...n.map((e) => Math.abs(ji(e)))), o = (e) => [
		ai(e.map((e) => e.a ?? 0)),
		ai(e.map((e) => e.b ?? 0)),
		ai(e.map(ji))
	];
	return /* @__PURE__ */ G("table", {
		class: "differences",
		children: [
			/* @__PURE__ */ G("caption", { children: [
				"Ledger of ",
				/* @__PURE__ */ G($, { text: e.target.text }),
				": ",
				Y(e.target.probability),
				" in A,",
				" ",
				Y(t.target.probability),
				" in B"
			] }),
			/* @__PURE__ */ G("thead", { children: /* @__PURE__ */ G("tr", { children: [
				/* @__PURE__ */ G("th", {
					scope: "col",
					children: "part"
				}),
				/* @__PURE__ */ G("th", {
					scope: "col",
					class: "number",
					children: "A"
				}),
				/* @__PURE__ */ G("th", {
					scope: "col",
					class: "number",
					children: "B"
				}),
				/* @__PURE__ */ G("th", {
					scope: "col",
					class: "number",
					children: "A − B"
				}),
				/* @__PURE__ */ G("th", {
					scope: "col",
					class: "wide-only",
					children: /* @__PURE__ */ G("span", {
						class: "hidden",
						children: "bar"
					})
				})
			] }) }),
			/* @__PURE__ */ G("tbody", { children: [r.map((e) => {
				let t = Ht(e.term);
				return /* @__PURE__ */ G("tr", { children: [
					/* @__PURE__ */ G("th", {
						scope: "row",
						children: t ? /* @__PURE__ */ G(Q, { part: t }) : Vt(e.term)
					}),
					/* @__PURE__ */ G("td", {
						class: "number",
						children: e.a === null ? "—" : J(e.a)
					}),
					/* @__PURE__ */ G("td", {
						class: "number",
						children: e.b === null ? "—" : J(e.b)
					}),
					/* @__PURE__ */ G("td", {
						class: "number",
						children: /* @__PURE__ */ G(ui, { value: ji(e) })
					}),
					/* @__PURE__ */ G("td", {
						class: "wide-only",
						children: /* @__PURE__ */ G(li, {
							value: ji(e),
							largest: a
						})
					})
				] }, si(e.term));
			}), /* @__PURE__ */ G(Ni, {
				name: `${i.length} others (net)`,
				sums: o(i)
			})] }),
			/* @__PURE__ */ G("tfoot", { children: /* @__PURE__ */ G(Ni, {
				name: "total",
				sums: o(n)
			}) })
		]
	});
}
function Ni({ name: e, sums: t }) {
	return /* @__PURE__ */ G("tr", {
		class: e === "total" ? "total" : "others",
		children: [
			/* @__PURE__ */ G("th", {
				scope: "row",
				children: e
			}),
			t.map((e, t) => /* @__PURE__ */ G("td", {
				class: "number",
				children: J(e)
			}, t)),
			/* @__PURE__ */ G("td", { class: "wide-only" })
		]
	});
}
// src/lib/flow.ts
var Pi = 60;
function Fi(e, t, n = Pi) {
	let r = /* @__PURE__ */ new Map([[Ii, Li(e)]]), i = /* @__PURE__ */ new Map(), a = [], o = [...e.paths].sort((e, t) => Math.abs(t.value) - Math.abs(e.value));
	for (let s of o) {
		if (Math.abs(s.value) < t * Math.abs(e.value)) break;
		let o = [Ri(s), ...s.steps.map(zi)], c = o.filter((e) => !r.has(e.id));
		if (r.size + c.length > n) break;
		for (let e of c) r.set(e.id, e);
		let l = [...o.map((e) => e.id), Ii];
		l.slice(1).forEach((e, t) => {
			let n = l[t], r = i.get(`${n} ${e}`) ?? {
				from: n,
				to: e,
				value: 0
			};
			i.set(`${n} ${e}`, {
				...r,
				value: r.value + s.value
			});
		}), a.push(s);
	}
	return {
		nodes: [...r.values()],
		edges: [...i.values()],
		paths: a,
		remainder: {
			count: e.paths.length - a.length + e.small_count,
			value: e.value - ai(a.map((e) => e.value))
		}
	};
}
var Ii = "output";
function Li(e) {
	let { position: t, model: n } = e;
	return {
		id: Ii,
		label: "",
		position: t,
		ofSource: !1,
		height: n.layers,
		carries: !1,
		part: null
	};
}
function Ri(e) {
	let { kind: t, layer: n, position: r } = e, i = e.of_source ?? !1, a = i && !t.startsWith("cross"), o = n === null ? -1 : n + (t.startsWith("cross") ? .3 : .6);
	return {
		id: `${Bt(t, a)} ${n} ${r}`,
		label: Bt(Vt({
			kind: t,
			layer: n
		}), a),
		position: r,
		ofSource: i,
		height: Vi(o, a),
		carries: !1,
		part: t === "mlp" && n !== null ? {
			kind: "mlp",
			layer: n,
			...a ? { encoder: a } : {}
		} : null
	};
}
function zi(e) {
	let { layer: t, head: n, source: r, destination: i } = e, a = e.encoder ?? !1, o = V(e);
	return {
		id: `${Bt(o.kind, a)} ${t} ${n} ${r} ${i}`,
		label: W(o),
		position: i,
		ofSource: a,
		height: Vi(t + (e.cross ? .4 : .2), a),
		carries: !0,
		part: o
	};
}
var Bi = -1e6;
function Vi(e, t) {
	return t ? Bi + e : e;
}
function Hi(e) {
	return [...new Map(e.map(({ ofSource: e, position: t }) => [Ui({
		ofSource: e,
		position: t
	}), {
		ofSource: e,
		position: t
	}])).values()].sort((e, t) => Number(t.ofSource) - Number(e.ofSource) || e.position - t.position);
}
function Ui({ ofSource: e, position: t }) {
	return `${e ? "source" : "prompt"} ${t}`;
}
function Wi(e, { ofSource: t, position: n }) {
	return (t ? e.sources?.[n]?.label : e.tokens[n]?.text) ?? "";
}
function Gi(e, t) {
	let n = Ri(e), r = e.steps.map(zi).map((e) => ` → ${e.label} (to ${e.position} ${t(e)})`);
	return `${n.label} at ${e.position} ${t(n)}${r.join("")}`;
}
// src/panels/Flow.tsx
var Ki = 84, qi = 108, Ji = 30;
function Yi() {
	let e = R(), t = e.explained.value, n = e.followed(), { answer: r, result: i, stale: a } = B(n ? {
		ask: "paths",
		...n
	} : null), o = L(2);
	return /* @__PURE__ */ G("div", {
		class: "flow-place",
		children: t ? /* @__PURE__ */ G(Z, {
			name: "flow",
			title: "Flow",
			note: "Paths from where something is written to the prediction. Solid orange raises, dashed purple lowers.",
			children: [
				e.reads() === null ? null : /* @__PURE__ */ G("p", {
					class: "note",
					children: "Columns with the mark “enc.” are positions of the source; paths start in the encoder (enc.) and cross to the prompt by heads of cross-attention (X)."
				}),
				/* @__PURE__ */ G(K, { answer: r }),
				i ? /* @__PURE__ */ G("div", {
					class: a ? "stale" : "",
					children: [/* @__PURE__ */ G("label", {
						class: "controls",
						children: [
							"Paths of at least ",
							o.value,
							"% of the logit",
							" ",
							/* @__PURE__ */ G("input", {
								type: "range",
								min: .5,
								max: 10,
								step: .5,
								value: o.value,
								onInput: (e) => o.value = Number(e.currentTarget.value)
							})
						]
					}), /* @__PURE__ */ G(Xi, {
						payload: i,
						flow: Fi(i, o.value / 100)
					})]
				}) : null
			]
		}) : null
	});
}
function Xi({ payload: e, flow: t }) {
	let n = (t) => X(Wi(e, t)), r = Hi(t.nodes), i = [...new Set(t.nodes.map((e) => e.height))].sort((e, t) => t - e), a = Zi(t.nodes, r, i), o = Math.max(1, ...[...a.values()].map((e) => e.x)) + Ki, s = i.length * Ji + 40, c = Math.max(0, ...t.edges.map((e) => Math.abs(e.value))), l = t.paths.map((e) => e.value);
	return /* @__PURE__ */ G(x, { children: [
		/* @__PURE__ */ G(Ar, {
			label: "Flow graph",
			children: /* @__PURE__ */ G("svg", {
				class: "flow",
				width: o,
				height: s,
				viewBox: `0 0 ${o} ${s}`,
				children: [
					/* @__PURE__ */ G("title", { children: `${t.paths.length} paths to ${X(e.target.text)}` }),
					t.edges.map((e) => /* @__PURE__ */ G(ea, {
						edge: e,
						places: a,
						largest: c
					}, `${e.from} ${e.to}`)),
					t.nodes.map((t) => /* @__PURE__ */ G(ta, {
						node: t,
						place: a.get(t.id) ?? {
							x: 0,
							y: 0
						},
						label: t.id === "output" ? `${X(e.target.text)} ${J(e.value)}` : t.label
					}, t.id)),
					r.map((e) => /* @__PURE__ */ G("text", {
						class: "column",
						x: $i(a, t.nodes, e),
						y: s - 10,
						children: [
							Bt(String(e.position), e.ofSource),
							" ",
							n(e)
						]
					}, Ui(e)))
				]
			})
		}),
		/* @__PURE__ */ G("p", {
			class: "note",
			children: [
				t.paths.length,
				" paths carry ",
				J(l.reduce((e, t) => e + t, 0)),
				" of",
				" ",
				J(e.value),
				";",
				" ",
				/* @__PURE__ */ G("strong", { children: [
					t.remainder.count,
					" other paths, constants and unopened heads (net) ",
					J(t.remainder.value)
				] }),
				" ",
				"(",
				dr(Math.abs(t.remainder.value / e.value)),
				" of the logit)."
			]
		}),
		/* @__PURE__ */ G(jr, {
			label: "paths",
			head: ["path", "logits"],
			rows: () => [...t.paths.map((e) => [Gi(e, n), J(e.value)]), ["all others (net)", J(t.remainder.value)]]
		})
	] });
}
function Zi(e, t, n) {
	let r = /* @__PURE__ */ new Map(), i = /* @__PURE__ */ new Map(), a = new Set(e.filter(Qi).map(Ui)), o = e.map((e) => {
		let t = Ui(e), n = `${t} ${e.height}`, o = i.get(n) ?? (Qi(e) || !a.has(t) ? 0 : 1);
		return i.set(n, o + 1), r.set(t, Math.max(r.get(t) ?? 0, o + 1)), o;
	}), s = /* @__PURE__ */ new Map(), c = t.some((e) => e.ofSource) ? qi : Ki, l = c / 2;
	for (let e of t.map(Ui)) s.set(e, l), l += c * (r.get(e) ?? 1);
	return new Map(e.map((e, t) => [e.id, {
		x: (s.get(Ui(e)) ?? 0) + (o[t] ?? 0) * c,
		y: n.indexOf(e.height) * Ji + 18
	}]));
}
function Qi(e) {
	return e.carries || e.id === "output";
}
function $i(e, t, n) {
	let r = t.filter((e) => Ui(e) === Ui(n));
	return Math.min(...r.map((t) => e.get(t.id)?.x ?? 0));
}
function ea({ edge: e, places: t, largest: n }) {
	let [r, i] = [t.get(e.from), t.get(e.to)];
	if (!r || !i) return null;
	let a = (r.y + i.y) / 2;
	return /* @__PURE__ */ G("path", {
		class: e.value < 0 ? "edge negative" : "edge positive",
		d: `M${r.x},${r.y - 9} C${r.x},${a} ${i.x},${a} ${i.x},${i.y + 9}`,
		"stroke-width": 1 + 6 * (n > 0 ? Math.abs(e.value) / n : 0),
		children: /* @__PURE__ */ G("title", { children: J(e.value) })
	});
}
function ta({ node: e, place: t, label: n }) {
	let r = R(), { part: i } = e, a = Math.max(n.length * 6.6 + 10, 30), o = /* @__PURE__ */ G(x, { children: [/* @__PURE__ */ G("rect", {
		x: t.x - a / 2,
		y: t.y - 9,
		width: a,
		height: 18,
		rx: e.carries ? 9 : 2
	}), /* @__PURE__ */ G("text", {
		x: t.x,
		y: t.y + 4,
		children: n
	})] });
	if (!i) return /* @__PURE__ */ G("g", {
		class: "spot",
		children: o
	});
	let s = U(i, r.state.value.selection);
	return /* @__PURE__ */ G("g", {
		class: `spot choosable${U(i, r.hovered.value) ? " hovered" : ""}`,
		role: "button",
		tabIndex: 0,
		"aria-pressed": s,
		"aria-label": n,
		onClick: () => r.select(s ? null : i),
		onKeyDown: (e) => {
			(e.key === "Enter" || e.key === " ") && (r.select(s ? null : i), e.preventDefault());
		},
		onMouseEnter: () => r.hovered.value = i,
		onMouseLeave: () => r.hovered.value = null,
		children: o
	});
}
// src/panels/Generation.tsx
var na = 12;
function ra() {
	let e = R(), t = e.continued, { a: n, source: r } = e.state.value, i = {
		ask: "generate",
		...Tn({
			prompt: n,
			source: r
		}),
		tokens: na
	}, a = e.data.host === "report", o = a && e.desk.peek(i) ? i : t.value, s = z(o && ia(o, i, e.desk.peek(o)) ? o : null);
	return !e.explained.value || a && !o ? null : /* @__PURE__ */ G(Z, {
		name: "generation",
		title: "Generation",
		note: "What the model writes next, taking the top token each time.",
		children: [
			a ? null : /* @__PURE__ */ G("button", {
				type: "button",
				onClick: () => t.value = i,
				children: [
					"Continue by ",
					na,
					" tokens"
				]
			}),
			/* @__PURE__ */ G(K, { answer: s }),
			s?.result ? /* @__PURE__ */ G(aa, { result: s.result }) : null
		]
	});
}
function ia(e, t, n) {
	return [e.prompt, n?.whole].includes(t.prompt) && e.source === t.source;
}
function aa({ result: e }) {
	let t = R(), { whole: n } = e, r = t.data.host === "report", { position: i, target: a } = t.state.value;
	return /* @__PURE__ */ G(x, { children: [n === null ? /* @__PURE__ */ G("p", {
		class: "note",
		children: "No text has exactly these tokens, so they cannot be explained one by one."
	}) : null, /* @__PURE__ */ G("ol", {
		class: "strip",
		children: e.generated.map((e) => /* @__PURE__ */ G("li", { children: /* @__PURE__ */ G("button", {
			type: "button",
			class: "token",
			title: "Why this token?",
			"aria-pressed": i === e.position - 1 && a === yn(e),
			disabled: n === null || r,
			onClick: () => t.set({
				view: "why",
				a: n ?? "",
				position: e.position - 1,
				target: yn(e)
			}),
			children: [/* @__PURE__ */ G($, { text: e.text }), /* @__PURE__ */ G("span", {
				class: "index",
				children: Y(e.probability)
			})]
		}) }, e.position))
	})] });
}
// src/ui/Tested.tsx
function oa(e) {
	let t = R(), n = t.followed(), r = e.tests.some((e) => e.how === "swap"), { b: i } = t.state.value, a = r && i === null, o = z(n && !a ? {
		ask: "test",
		...n,
		target: e.target ?? n.target,
		tests: e.tests,
		...r ? { [`${t.beside()}_b`]: i } : {}
	} : null);
	return a ? /* @__PURE__ */ G("p", {
		class: "error",
		children: "A swap takes its value from B: open it with A | B."
	}) : /* @__PURE__ */ G(x, { children: [/* @__PURE__ */ G(K, { answer: o }), o?.result ? /* @__PURE__ */ G(sa, {
		result: o.result,
		note: e.note
	}) : null] });
}
function sa({ result: e, note: t }) {
	let { target_before: n, target_after: r, effect: i, control: a } = e, [o, s] = fr(n.probability, r.probability);
	return /* @__PURE__ */ G("div", {
		class: "before-after",
		"aria-live": "polite",
		children: [
			/* @__PURE__ */ G("p", {
				class: "big",
				children: [
					/* @__PURE__ */ G($, { text: n.text }),
					" ",
					o,
					" → ",
					s
				]
			}),
			/* @__PURE__ */ G(ua, {
				before: n.probability,
				after: r.probability,
				limit: a?.limit ?? null
			}),
			/* @__PURE__ */ G("p", {
				class: "note",
				children: [
					"With ",
					t,
					": ",
					J(e.nats),
					" nats. ",
					ca(e),
					" ",
					i ? /* @__PURE__ */ G("strong", { children: _r(i) }) : null
				]
			}),
			/* @__PURE__ */ G("p", {
				class: "note",
				children: ["Then: ", /* @__PURE__ */ G(la, { tokens: e.after.slice(0, 3) })]
			})
		]
	});
}
function ca({ tests: e, effect: t, control: n }) {
	if (!t || !n) return "No control for this kind of test.";
	let r = e.length > 1 ? "sets of as many random neurons of these layers" : "others of its kind", i = `Control: ${t.rank} of ${t.among} by size, beside ${n.count} ${r}`;
	return n.limit === null ? `${i}, too few for a verdict.` : `${i}.`;
}
function la(e) {
	return /* @__PURE__ */ G(x, { children: e.tokens.map((e, t) => /* @__PURE__ */ G("span", {
		class: "chip",
		children: [
			/* @__PURE__ */ G($, { text: e.text }),
			" ",
			/* @__PURE__ */ G("span", {
				class: "small",
				children: Y(e.probability)
			})
		]
	}, t)) });
}
function ua(e) {
	let t = (e) => 4 + e * 192, [n, r] = [-1, 1].map((n) => t(da(e.before, n * (e.limit ?? 0))));
	return /* @__PURE__ */ G("svg", {
		class: "scale",
		viewBox: "0 0 200 26",
		"aria-hidden": "true",
		children: [
			/* @__PURE__ */ G("line", {
				x1: 4,
				x2: 196,
				y1: 14,
				y2: 14,
				class: "axis"
			}),
			e.limit === null ? null : /* @__PURE__ */ G("rect", {
				x: n,
				y: 7,
				width: Math.max(r - n, 1),
				height: 14,
				class: "band"
			}),
			/* @__PURE__ */ G("line", {
				x1: t(e.before),
				x2: t(e.after),
				y1: 14,
				y2: 14,
				class: "move"
			}),
			/* @__PURE__ */ G("circle", {
				cx: t(e.before),
				cy: 14,
				r: 4,
				class: "before"
			}),
			/* @__PURE__ */ G("circle", {
				cx: t(e.after),
				cy: 14,
				r: 4,
				class: "after"
			})
		]
	});
}
function da(e, t) {
	let n = e * Math.exp(t);
	return n / (1 - e + n);
}
// src/panels/Inspector.tsx
var fa = {
	zero: "its output set to zero",
	double: "its output doubled",
	mean: "its output set to its mean",
	swap: "its output taken from B"
};
function pa() {
	let e = R(), { selection: t } = e.state.value, n = e.followed(), { answer: r, result: i, stale: a } = B(n && t ? {
		ask: "inspect",
		...n,
		part: t
	} : null);
	return e.explained.value ? t ? /* @__PURE__ */ G(Z, {
		name: "inspector",
		title: `Inspector: ${W(t)}`,
		children: [
			/* @__PURE__ */ G("button", {
				type: "button",
				class: "close",
				"aria-label": "Select nothing",
				onClick: () => e.select(null),
				children: "×"
			}),
			/* @__PURE__ */ G(ba, {}),
			/* @__PURE__ */ G(K, { answer: r }),
			i && U(i.part, t) ? /* @__PURE__ */ G("dl", {
				class: a ? "stale" : "",
				children: [
					t.encoder ? /* @__PURE__ */ G(ma, {
						name: "inside the encoder",
						children: /* @__PURE__ */ G("span", {
							class: "small",
							children: "at every position of the source; credit is what it carries on through cross-attention, patterns frozen"
						})
					}) : null,
					i.value === null ? null : /* @__PURE__ */ G(ma, {
						name: "credit",
						children: [J(i.value), " logits"]
					}),
					i.activation === null ? null : /* @__PURE__ */ G(ma, {
						name: "activation",
						children: J(i.activation, 2)
					}),
					i.looks_at.length === 0 ? null : /* @__PURE__ */ G(ma, {
						name: "looks at",
						children: i.looks_at.map((e) => /* @__PURE__ */ G(Ci, { at: e }, e.position))
					}),
					/* @__PURE__ */ G(ya, {
						name: "writes toward",
						tokens: i.promotes
					}),
					/* @__PURE__ */ G(ya, {
						name: "writes away from",
						tokens: i.suppresses
					}),
					/* @__PURE__ */ G(ga, { part: t })
				]
			}) : null
		]
	}) : /* @__PURE__ */ G(Z, {
		name: "inspector",
		title: "Inspector",
		note: "Select a sublayer, head or neuron anywhere to see what it does.",
		children: null
	}) : null;
}
function ma(e) {
	return /* @__PURE__ */ G("div", { children: [/* @__PURE__ */ G("dt", { children: e.name }), /* @__PURE__ */ G("dd", { children: e.children })] });
}
var ha = {
	"pre-activation": "reads",
	gate: "reads: gate",
	up: "reads: up",
	query: "reads: query",
	key: "reads: key"
};
function ga({ part: e }) {
	let t = R(), n = t.followed(), { answer: r, result: i, stale: a } = B(n && Nt(e) !== e.kind && t.reads() === null ? {
		ask: "reads",
		...Tn({
			prompt: n.prompt,
			position: n.position
		}),
		part: e
	} : null);
	return r?.error ? /* @__PURE__ */ G(ma, {
		name: "reads",
		children: /* @__PURE__ */ G(K, { answer: r })
	}) : !i || a || !U(i.part, e) ? null : /* @__PURE__ */ G(x, { children: i.reads.map((e) => /* @__PURE__ */ G(_a, { reading: e }, e.what)) });
}
function _a({ reading: e }) {
	let { what: t, value: n, terms: r, others: i, source: a } = e;
	return /* @__PURE__ */ G(ma, {
		name: ha[t],
		children: [
			/* @__PURE__ */ G("span", {
				class: "small",
				children: [
					a ? "score" : t,
					" ",
					J(n),
					a ? /* @__PURE__ */ G(x, { children: [
						" ",
						"toward ",
						/* @__PURE__ */ G($, { text: a.text })
					] }) : null,
					" ",
					"=",
					" "
				]
			}),
			r.map((e) => /* @__PURE__ */ G(va, { term: e }, Vt(e.part))),
			i.count > 0 ? /* @__PURE__ */ G("span", {
				class: "chip",
				children: [
					i.count,
					" others (net) ",
					/* @__PURE__ */ G("span", {
						class: "small",
						children: J(i.value)
					})
				]
			}) : null
		]
	});
}
function va({ term: e }) {
	let t = Ht(e.part);
	return /* @__PURE__ */ G("span", {
		class: "chip",
		children: [
			t ? /* @__PURE__ */ G(Q, { part: t }) : Vt(e.part),
			" ",
			/* @__PURE__ */ G("span", {
				class: "small",
				children: J(e.value)
			})
		]
	});
}
function ya(e) {
	return e.tokens.length === 0 ? null : /* @__PURE__ */ G(ma, {
		name: e.name,
		children: /* @__PURE__ */ G(Si, { tokens: e.tokens })
	});
}
function ba() {
	let e = R(), { selection: t, test: n, b: r } = e.state.value;
	return t ? /* @__PURE__ */ G("fieldset", {
		class: "test",
		children: [
			/* @__PURE__ */ G("legend", { children: ["Test ", /* @__PURE__ */ G("kbd", { children: "t" })] }),
			/* @__PURE__ */ G("p", {
				class: "controls",
				children: [pn.map((t) => /* @__PURE__ */ G("button", {
					type: "button",
					"aria-pressed": n === t,
					disabled: t === "swap" && r === null,
					title: t === "swap" && r === null ? "Open B first" : fa[t],
					onClick: () => e.set({ test: n === t ? null : t }),
					children: t
				}, t)), /* @__PURE__ */ G("button", {
					type: "button",
					onClick: () => e.pin(),
					children: ["Pin ", /* @__PURE__ */ G("kbd", { children: "p" })]
				})]
			}),
			n ? /* @__PURE__ */ G(oa, {
				tests: [{
					part: t,
					how: n
				}],
				note: fa[n]
			}) : null
		]
	}) : null;
}
// src/panels/Knew.tsx
var xa = 360, Sa = 150, Ca = 44, wa = 14, Ta = new Intl.NumberFormat("en", { notation: "compact" });
function Ea() {
	let e = R().explained.value, t = Wr();
	return !e || e.lens.length === 0 ? null : /* @__PURE__ */ G(Z, {
		name: "knew",
		title: "When it knew",
		note: `Rank of ${X(e.target.text)} in what the stream would predict after each layer (1 is the top).`,
		children: [/* @__PURE__ */ G(Oa, {
			explained: e,
			tested: t
		}), /* @__PURE__ */ G(jr, {
			label: "rank by layer",
			head: [
				"layer",
				"rank",
				"probability",
				"top token"
			],
			rows: () => e.lens.map((e) => [
				Da(e.layer),
				`${e.rank}`,
				Y(e.probability),
				/* @__PURE__ */ G("bdi", { children: X(e.top.text) }, "top")
			])
		})]
	});
}
function Da(e) {
	return e === null ? "embedding" : `L${e}`;
}
function Oa({ explained: e, tested: t }) {
	let n = e.lens, r = Math.max(1, Math.ceil(Math.log10(Math.max(...n.map((e) => e.rank))))), i = (e) => Ca + e * 304 / Math.max(n.length - 1, 1), a = (e) => 128 - Math.log10(e) / r * 114, o = ka(e, t), s = Array.from({ length: r + 1 }, (e, t) => 10 ** t).filter((e, t) => r <= 3 || t % 2 == 0 || t === r);
	return /* @__PURE__ */ G("svg", {
		class: "curve",
		viewBox: `0 0 ${xa} ${Sa}`,
		role: "img",
		"aria-label": "Rank of the target by layer",
		children: [
			s.map((e) => /* @__PURE__ */ G("g", { children: [/* @__PURE__ */ G("line", {
				x1: Ca,
				x2: 348,
				y1: a(e),
				y2: a(e),
				class: "grid-line"
			}), /* @__PURE__ */ G("text", {
				x: 38,
				y: a(e) + 4,
				"text-anchor": "end",
				children: e === 1 ? "top, 1" : Ta.format(e)
			})] }, e)),
			/* @__PURE__ */ G("polyline", { points: n.map((e, t) => `${i(t)},${a(e.rank)}`).join(" ") }),
			o.map(({ place: e, text: t }, r) => {
				let o = e > n.length / 2;
				return /* @__PURE__ */ G("g", { children: [/* @__PURE__ */ G("circle", {
					cx: i(e),
					cy: a(n[e]?.rank ?? 1),
					r: 4
				}), /* @__PURE__ */ G("text", {
					class: "strong",
					x: i(e) + (o ? -9 : 9),
					y: Math.max(wa, a(n[e]?.rank ?? 1) + (r === 0 && n[e]?.rank !== 1 ? 12 : -8)),
					"text-anchor": o ? "end" : "start",
					children: t
				})] }, e);
			}),
			/* @__PURE__ */ G("text", {
				x: Ca,
				y: 145,
				children: "embedding"
			}),
			/* @__PURE__ */ G("text", {
				x: 348,
				y: 145,
				"text-anchor": "end",
				children: ["layer ", n.at(-1)?.layer]
			})
		]
	});
}
function ka(e, t) {
	let n = e.lens, r = t?.answer.part ? Lt(t.answer.part) : null, i = [], a = r && !r.encoder ? n.findIndex((e) => e.layer === r.layer) : -1;
	a >= 0 && i.push({
		place: a,
		text: `after ${t?.answer.part}: ${n[a]?.rank.toLocaleString("en")}`
	});
	let o = n.length;
	for (; o > 0 && n[o - 1]?.rank === 1;) o--;
	return o < n.length && o !== a && i.push({
		place: o,
		text: `top from ${Da(n[o]?.layer ?? null)} on`
	}), i;
}
// src/panels/FactChoice.tsx
function Aa({ list: e, explained: t }) {
	let n = R(), r = Yt(e, n.state.value.a, t.target.text);
	return r.length === 0 ? null : /* @__PURE__ */ G("p", { children: [
		"Perhaps you mean",
		" ",
		r.slice(0, 3).map((e) => /* @__PURE__ */ G("button", {
			type: "button",
			onClick: () => n.set({
				a: e.prompt,
				position: null,
				target: null,
				knowledge: Jt
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
function ja({ list: e, open: t }) {
	let n = R(), r = L(0), i = L(0), a = e.relations[r.value]?.facts ?? [], o = a[i.value];
	return /* @__PURE__ */ G("details", {
		open: t,
		children: [/* @__PURE__ */ G("summary", { children: "Choose a known fact" }), /* @__PURE__ */ G("p", {
			class: "controls",
			children: [
				/* @__PURE__ */ G("label", { children: [
					"Relation",
					" ",
					/* @__PURE__ */ G("select", {
						value: r.value,
						onChange: (e) => {
							r.value = Number(e.currentTarget.value), i.value = 0;
						},
						children: e.relations.map((e, t) => /* @__PURE__ */ G("option", {
							value: t,
							children: [e.name, e.description ? ` (${e.description})` : ""]
						}, e.name))
					})
				] }),
				/* @__PURE__ */ G("label", { children: [
					"Fact",
					" ",
					/* @__PURE__ */ G("select", {
						value: i.value,
						onChange: (e) => i.value = Number(e.currentTarget.value),
						children: a.map((e, t) => /* @__PURE__ */ G("option", {
							value: t,
							children: [
								e.subject,
								": ",
								e.answer
							]
						}, e.subject))
					})
				] }),
				/* @__PURE__ */ G("button", {
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
function Ma() {
	let e = R(), t = L(""), n = L(""), r = $t(t.value);
	return /* @__PURE__ */ G("details", { children: [
		/* @__PURE__ */ G("summary", { children: "Or write prompts of your own" }),
		/* @__PURE__ */ G("label", {
			class: "stacked",
			children: ["More prompts that end right before the same answer, one a line", /* @__PURE__ */ G("textarea", {
				rows: 3,
				value: t.value,
				dir: "auto",
				onInput: (e) => t.value = e.currentTarget.value
			})]
		}),
		/* @__PURE__ */ G("p", {
			class: "controls",
			children: [/* @__PURE__ */ G("label", { children: [
				"Subject",
				" ",
				/* @__PURE__ */ G("input", {
					type: "text",
					value: n.value,
					placeholder: "for an update by ROME",
					onInput: (e) => n.value = e.currentTarget.value
				})
			] }), /* @__PURE__ */ G("button", {
				type: "button",
				disabled: r.length === 0,
				onClick: () => e.set({ knowledge: {
					...Jt,
					prompts: r,
					subject: n.value.trim()
				} }),
				children: "Find the neurons of this fact"
			})]
		})
	] });
}
// src/panels/FactEdit.tsx
var Na = {
	update: "update to another answer",
	erase: "erase the relation",
	suppress: "suppress these neurons",
	amplify: "amplify these neurons"
}, Pa = {
	rome: "ROME (a layer)",
	value: "value rows of these neurons"
};
function Fa({ found: e, list: t }) {
	let n = R(), { knowledge: r } = n.state.value, i = n.followed(), a = r?.edit ?? null, o = en(e), s = a?.action === "erase" ? o.shared : o[tn(o, r?.set ?? null)], c = z(a && r && i ? cn(r, a, i, s) : null);
	if (!r || n.data.host === "report" && !a) return null;
	let [l] = e.facts, u = l?.target.map((e) => e.text).join("") ?? "", d = {
		relation: e.relation,
		subject: r.prompts ? r.subject : l?.subject ?? "",
		answer: l?.answer ?? "",
		target: u,
		prompts: l?.prompts ?? []
	};
	return /* @__PURE__ */ G("fieldset", {
		class: "edit",
		children: [
			/* @__PURE__ */ G("legend", { children: "Edit the weights" }),
			n.data.host === "report" ? null : /* @__PURE__ */ G(Ia, {
				own: r.prompts !== null,
				counts: {
					own: s.length,
					shared: o.shared.length
				}
			}),
			/* @__PURE__ */ G(K, { answer: c }),
			c?.result && a ? /* @__PURE__ */ G(x, { children: [/* @__PURE__ */ G(La, {
				result: c.result,
				answer: d.answer
			}), /* @__PURE__ */ G(za, {
				edit: a,
				fact: d,
				shipped: t.shipped && r.prompts === null,
				neurons: s.map((e) => W(H(e)))
			})] }) : null
		]
	});
}
function Ia({ own: e, counts: t }) {
	let n = R(), r = n.state.value.knowledge?.edit ?? null, i = L(r?.action ?? "update"), a = L(r?.to ?? ""), o = L(r?.method ?? "rome"), s = i.value === "update", c = i.value === "erase" ? t.shared : s && o.value === "rome" ? 1 : t.own, l = c > 0 && (!s || a.value.trim() !== "");
	return /* @__PURE__ */ G("form", {
		class: "controls",
		onSubmit: (e) => {
			e.preventDefault(), l && n.setKnowledge({ edit: {
				action: i.value,
				to: a.value.trim(),
				method: o.value
			} });
		},
		children: [
			/* @__PURE__ */ G("label", { children: [
				"Do",
				" ",
				/* @__PURE__ */ G("select", {
					value: i.value,
					onChange: (e) => i.value = e.currentTarget.value,
					children: Gt.filter((t) => !e || t !== "erase").map((e) => /* @__PURE__ */ G("option", {
						value: e,
						children: Na[e]
					}, e))
				})
			] }),
			s ? /* @__PURE__ */ G(x, { children: [/* @__PURE__ */ G("label", { children: [
				"New answer",
				" ",
				/* @__PURE__ */ G("input", {
					type: "text",
					value: a.value,
					onInput: (e) => a.value = e.currentTarget.value
				})
			] }), /* @__PURE__ */ G("label", { children: [
				"By",
				" ",
				/* @__PURE__ */ G("select", {
					value: o.value,
					onChange: (e) => o.value = e.currentTarget.value,
					children: Kt.map((e) => /* @__PURE__ */ G("option", {
						value: e,
						children: Pa[e]
					}, e))
				})
			] })] }) : null,
			/* @__PURE__ */ G("button", {
				type: "submit",
				disabled: !l,
				children: "Edit and see"
			}),
			r ? /* @__PURE__ */ G("button", {
				type: "button",
				onClick: () => n.setKnowledge({ edit: null }),
				children: "Close"
			}) : null,
			c > 0 ? null : /* @__PURE__ */ G("span", {
				class: "note",
				children: "There are no such neurons: take a lower threshold."
			})
		]
	});
}
function La({ result: e, answer: t }) {
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
	return /* @__PURE__ */ G("div", {
		"aria-live": "polite",
		children: [
			/* @__PURE__ */ G(Ar, {
				label: "What the edited model says, a prompt a row",
				children: /* @__PURE__ */ G("table", { children: [
					/* @__PURE__ */ G("caption", { children: "What the model says first" }),
					/* @__PURE__ */ G("thead", { children: /* @__PURE__ */ G("tr", { children: [
						/* @__PURE__ */ G("th", {
							scope: "col",
							children: "prompt"
						}),
						/* @__PURE__ */ G("th", {
							scope: "col",
							children: "before"
						}),
						/* @__PURE__ */ G("th", {
							scope: "col",
							children: "edited"
						})
					] }) }),
					/* @__PURE__ */ G("tbody", { children: e.prompts.map((e) => /* @__PURE__ */ G("tr", { children: [
						/* @__PURE__ */ G("td", { children: [e.prompt, e.used ? /* @__PURE__ */ G("span", {
							class: "small",
							children: " (edit made with it)"
						}) : null] }),
						/* @__PURE__ */ G("td", { children: /* @__PURE__ */ G(Ra, { said: e.before }) }),
						/* @__PURE__ */ G("td", { children: /* @__PURE__ */ G(Ra, { said: e.after }) })
					] }, e.prompt)) })
				] })
			}),
			/* @__PURE__ */ G(Ar, {
				label: "What the edit changes, by group of prompts",
				children: /* @__PURE__ */ G("table", { children: [
					/* @__PURE__ */ G("caption", { children: "The right (or new) answer, mean probability" }),
					/* @__PURE__ */ G("thead", { children: /* @__PURE__ */ G("tr", { children: [
						/* @__PURE__ */ G("th", {
							scope: "col",
							children: "answer"
						}),
						/* @__PURE__ */ G("th", {
							scope: "col",
							class: "number",
							children: "before"
						}),
						/* @__PURE__ */ G("th", {
							scope: "col",
							class: "number",
							children: "edited"
						}),
						/* @__PURE__ */ G("th", {
							scope: "col",
							class: "number",
							children: "first on"
						}),
						/* @__PURE__ */ G("th", {
							scope: "col",
							class: "number",
							children: "control"
						})
					] }) }),
					/* @__PURE__ */ G("tbody", { children: i.map(([e, t, n]) => t ? /* @__PURE__ */ G("tr", { children: [
						/* @__PURE__ */ G("th", {
							scope: "row",
							children: e
						}),
						/* @__PURE__ */ G("td", {
							class: "number",
							children: Y(t.before)
						}),
						/* @__PURE__ */ G("td", {
							class: "number",
							children: Y(t.after)
						}),
						/* @__PURE__ */ G("td", {
							class: "number",
							children: [
								t.top_before,
								" → ",
								t.top_after,
								" of ",
								t.prompts
							]
						}),
						/* @__PURE__ */ G("td", {
							class: "number",
							children: n ? Y(n.after) : "—"
						})
					] }, e) : null) })
				] })
			}),
			/* @__PURE__ */ G("p", {
				class: "note",
				children: [
					"Perplexity of some text: ",
					q(e.perplexity ?? 0),
					" before, ",
					q(n.perplexity ?? 0),
					" edited. Control: the same edit",
					" ",
					e.neurons.length > 0 ? "of as many random neurons of the same layers" : "at a random key",
					". Some facts are asked, not all; the command asks more. The edit is undone: the page goes on with the model as it was."
				]
			}),
			e.notes.map((e) => /* @__PURE__ */ G("p", {
				class: "note",
				children: ["Note: ", e]
			}, e))
		]
	});
}
function Ra({ said: e }) {
	return /* @__PURE__ */ G("span", {
		class: "chip",
		children: [
			/* @__PURE__ */ G($, { text: e.text }),
			" ",
			/* @__PURE__ */ G("span", {
				class: "small",
				children: Y(e.probability)
			})
		]
	});
}
function za(e) {
	let t = R().explained.value?.model.name ?? "", n = !e.shipped && e.edit.action !== "erase";
	return /* @__PURE__ */ G("details", { children: [
		/* @__PURE__ */ G("summary", { children: "Keep this edit in a file" }),
		n ? /* @__PURE__ */ G(x, { children: [/* @__PURE__ */ G("p", {
			class: "note",
			children: "Write this line to fact.jsonl:"
		}), /* @__PURE__ */ G(Ba, {
			label: "The fact as a line of JSON",
			text: rn(e.fact)
		})] }) : null,
		/* @__PURE__ */ G("p", {
			class: "note",
			children: "Then run this, and open it again with unembed open --edits edit.safetensors:"
		}),
		/* @__PURE__ */ G(Ba, {
			label: "The command",
			text: an(e.edit, e.fact, e.shipped, e.neurons, t)
		})
	] });
}
function Ba({ label: e, text: t }) {
	return /* @__PURE__ */ G(Ar, {
		label: e,
		children: /* @__PURE__ */ G("pre", { children: /* @__PURE__ */ G("code", { children: t }) })
	});
}
// src/panels/Fact.tsx
var Va = [
	.2,
	.1,
	.05
], Ha = 12, Ua = {
	refined: "the fact's own",
	kept: "all that the fact keeps",
	shared: "the relation's"
};
function Wa({ explained: e }) {
	let t = R(), { knowledge: n } = t.state.value, r = t.followed(), i = t.data.host === "report" && n === null, a = z(r && !i ? {
		ask: "facts",
		prompt: r.prompt
	} : null);
	return i ? /* @__PURE__ */ G("p", {
		class: "note",
		children: [
			"The neurons of a fact, and edits of it, were not kept in this report. Open the prompt with",
			" ",
			/* @__PURE__ */ G("code", { children: "unembed open" }),
			" to find and edit them."
		]
	}) : /* @__PURE__ */ G("section", {
		class: "fact",
		children: [
			/* @__PURE__ */ G("h3", { children: "The fact, and its neurons" }),
			/* @__PURE__ */ G(K, { answer: a }),
			a?.result ? /* @__PURE__ */ G(Ga, {
				list: a.result,
				explained: e
			}) : null,
			n && r && a?.result ? /* @__PURE__ */ G(qa, { list: a.result }) : null
		]
	});
}
function Ga({ list: e, explained: t }) {
	let n = R(), { knowledge: r } = n.state.value, { stated: i } = e, a = n.data.host === "report";
	if (r?.prompts) return /* @__PURE__ */ G("p", { children: [
		"Your fact: ",
		r.prompts.length + 1,
		" prompts, answered with ",
		/* @__PURE__ */ G($, { text: t.target.text }),
		".",
		" ",
		/* @__PURE__ */ G(Ka, {})
	] });
	let o = e.relations.reduce((e, t) => e + t.facts.length, 0);
	return /* @__PURE__ */ G(x, { children: [
		i ? /* @__PURE__ */ G("p", { children: [
			"This prompt states a known fact: ",
			i.relation,
			" of ",
			/* @__PURE__ */ G("strong", { children: i.subject }),
			" is",
			" ",
			/* @__PURE__ */ G("strong", { children: i.answer }),
			" (",
			i.prompts.length,
			" prompts ask for it).",
			" ",
			r ? /* @__PURE__ */ G(Ka, {}) : /* @__PURE__ */ G("button", {
				type: "button",
				disabled: a,
				onClick: () => n.set({ knowledge: Jt }),
				children: "Find its neurons"
			})
		] }) : /* @__PURE__ */ G("p", {
			class: "note",
			children: [
				"This prompt is none of the prompts of the ",
				o,
				" known facts. A fact is found by several prompts that ask for it: choose a known fact, or write more prompts of yours."
			]
		}),
		i || a ? null : /* @__PURE__ */ G(Aa, {
			list: e,
			explained: t
		}),
		a || r && i ? null : /* @__PURE__ */ G(x, { children: [/* @__PURE__ */ G(ja, {
			list: e,
			open: !i
		}), i ? null : /* @__PURE__ */ G(Ma, {})] })
	] });
}
function Ka() {
	let e = R();
	return e.data.host === "report" ? null : /* @__PURE__ */ G("button", {
		type: "button",
		onClick: () => e.set({ knowledge: null }),
		children: "Close"
	});
}
function qa({ list: e }) {
	let t = R(), { knowledge: n } = t.state.value, r = t.followed(), i = n && r && (n.prompts || e.stated) ? sn(n, r) : null, { answer: a, result: o, stale: s } = B(i), c = t.data.host === "report";
	return !n || !i ? null : /* @__PURE__ */ G(x, { children: [
		/* @__PURE__ */ G("p", {
			class: "controls",
			children: /* @__PURE__ */ G("label", { children: [
				"Count neurons above",
				" ",
				/* @__PURE__ */ G("select", {
					value: n.t,
					disabled: c,
					onChange: (e) => t.setKnowledge({
						t: Number(e.currentTarget.value),
						set: null
					}),
					children: [.../* @__PURE__ */ new Set([...Va, n.t])].map((e) => /* @__PURE__ */ G("option", {
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
		/* @__PURE__ */ G(K, { answer: a }),
		a && !a.result && !a.error ? /* @__PURE__ */ G("p", {
			class: "note",
			children: "Each prompt of each compared fact is attributed; Close stops it."
		}) : null,
		o ? /* @__PURE__ */ G("div", {
			class: s ? "stale" : "",
			children: [/* @__PURE__ */ G(Ja, { found: o }), /* @__PURE__ */ G(Fa, {
				found: o,
				list: e
			})]
		}) : null
	] });
}
function Ja({ found: e }) {
	let t = R(), { knowledge: n } = t.state.value, [r] = e.facts;
	if (!n || !r) return null;
	let i = en(e), a = tn(i, n.set), o = e.facts.length - 1;
	return /* @__PURE__ */ G(x, { children: [
		/* @__PURE__ */ G("p", {
			class: "note",
			children: [
				o === 0 ? "No other fact is compared, so these may be neurons of the form of the question." : `Compared with ${o} other ${o === 1 ? "fact" : "facts"} of ${e.relation}.`,
				" ",
				"The model gives ",
				/* @__PURE__ */ G($, { text: r.answer }),
				" first on ",
				r.top.filter(Boolean).length,
				" of",
				" ",
				r.prompts.length,
				" prompts."
			]
		}),
		e.notes.map((e) => /* @__PURE__ */ G("p", {
			class: "note",
			children: ["Note: ", e]
		}, e)),
		/* @__PURE__ */ G("fieldset", { children: [/* @__PURE__ */ G("legend", { children: "Which neurons" }), qt.map((e) => /* @__PURE__ */ G("div", {
			class: "choice",
			children: [
				/* @__PURE__ */ G("label", { children: [
					/* @__PURE__ */ G("input", {
						type: "radio",
						name: "neuron-set",
						checked: a === e,
						disabled: i[e].length === 0 || t.data.host === "report",
						onChange: () => t.setKnowledge({ set: e })
					}),
					" ",
					Ua[e],
					": ",
					i[e].length
				] }),
				" ",
				/* @__PURE__ */ G(Ya, { neurons: i[e] })
			]
		}, e))] }),
		i[a].length === 0 ? /* @__PURE__ */ G("p", {
			class: "note",
			children: "No neuron is above the threshold in enough prompts. Take a lower one."
		}) : /* @__PURE__ */ G(Xa, {
			neurons: i[a],
			target: r.target[0]?.id,
			whole: r.target.length === 1
		}),
		/* @__PURE__ */ G(jr, {
			label: "prompts of the fact",
			head: [
				"prompt",
				"probability of the answer",
				"top prediction"
			],
			rows: () => r.prompts.map((e, t) => [
				e,
				Y(r.probabilities[t] ?? 0),
				r.top[t] ? "yes" : "no"
			])
		})
	] });
}
function Ya({ neurons: e }) {
	return /* @__PURE__ */ G("span", {
		class: "neurons",
		children: [e.slice(0, Ha).map((e) => {
			let t = H(e);
			return /* @__PURE__ */ G(Q, { part: t }, W(t));
		}), e.length > Ha ? /* @__PURE__ */ G("span", {
			class: "small",
			children: [
				"and ",
				e.length - Ha,
				" more"
			]
		}) : null]
	});
}
function Xa(e) {
	let t = R(), n = t.state.value.knowledge?.test ?? null, r = (e) => e === "zero" ? "Suppress (× 0)" : "Amplify (× 2)";
	return /* @__PURE__ */ G("fieldset", {
		class: "test",
		children: [
			/* @__PURE__ */ G("legend", { children: "At this prompt" }),
			/* @__PURE__ */ G("p", {
				class: "controls",
				children: ["zero", "double"].map((e) => /* @__PURE__ */ G("button", {
					type: "button",
					"aria-pressed": n === e,
					disabled: t.data.host === "report",
					onClick: () => t.setKnowledge({ test: n === e ? null : e }),
					children: r(e)
				}, e))
			}),
			n && e.target !== void 0 ? /* @__PURE__ */ G(oa, {
				tests: e.neurons.map((e) => ({
					part: H(e),
					how: n
				})),
				target: e.target,
				note: `the activations of these ${e.neurons.length} neurons ${n === "zero" ? "set to 0" : "doubled"} where the answer is predicted`
			}) : null,
			n && !e.whole ? /* @__PURE__ */ G("p", {
				class: "note",
				children: "The answer has several tokens; the probability is of the first."
			}) : null
		]
	});
}
// src/panels/Knowledge.tsx
var Za = 12, Qa = 100, $a = 12;
function eo() {
	let e = R(), t = e.explained.value, n = e.followed(), { prompt: r, source: i, target: a } = n ?? {}, o = t !== null && t.position === t.asks, s = e.reads() === null, { answer: c, result: l, stale: u } = B(o && n ? {
		ask: "attribute",
		...Tn({
			prompt: r,
			source: i,
			target: a
		}),
		top: Qa
	} : null);
	return /* @__PURE__ */ G("div", { children: t ? /* @__PURE__ */ G(Z, {
		name: "knowledge",
		title: "Knowledge",
		note: `How much of the probability of ${X(t.target.text)} each layer's neurons are worth: attribution from no activation to the one they have.`,
		children: [o ? null : /* @__PURE__ */ G("p", {
			class: "note",
			children: [
				"Knowledge is attributed ",
				t.model.bidirectional ? "at the blank" : "at the last token",
				"; choose it to see this panel."
			]
		}), /* @__PURE__ */ G("div", {
			class: "side-by-side wide",
			children: [/* @__PURE__ */ G("div", { children: [/* @__PURE__ */ G(K, { answer: c }), l ? /* @__PURE__ */ G(to, {
				result: l,
				stale: u
			}) : null] }), o && s ? /* @__PURE__ */ G(Wa, { explained: t }) : null]
		})]
	}) : null });
}
function to({ result: e, stale: t }) {
	let n = Xt(e), r = Math.max(1e-9, ...e.layers.map((e) => Math.abs(e.sum ?? 0))), i = Math.max(0, ...e.attributions.map((e) => Math.abs(e.value)));
	return /* @__PURE__ */ G("div", {
		class: t ? "stale" : "",
		children: [
			n.map((t) => /* @__PURE__ */ G("div", { children: [
				n.length > 1 ? /* @__PURE__ */ G("p", {
					class: "note",
					children: no(t, e)
				}) : null,
				/* @__PURE__ */ G(ro, {
					stack: t,
					largest: r
				}),
				/* @__PURE__ */ G(io, {
					stack: t,
					largest: i
				})
			] }, String(t.encoder))),
			/* @__PURE__ */ G(ao, { neurons: e.attributions.slice(0, Za) }),
			/* @__PURE__ */ G(jr, {
				label: "attribution by layer",
				head: [
					"layer",
					"sum of its neurons",
					"change of the probability",
					"error",
					"strongest neurons"
				],
				rows: () => n.flatMap((e) => {
					let t = Qt(e.neurons, e.layers.length);
					return e.layers.map((n, r) => [
						Bt(`L${n.layer}`, e.encoder),
						n.sum === null ? "" : J(n.sum, 4),
						J(n.change, 4),
						n.error === null ? "" : q(n.error, 4),
						(t[r] ?? []).map((e) => `${Zt(e)} ${J(e.value, 3)}`).join(", ")
					]);
				})
			})
		]
	});
}
function no({ encoder: e }, { sources: t = [], source_positions: n = [] }) {
	return e ? n.length === t.length ? "The encoder (enc.), at every position of the source:" : `The encoder (enc.), at the blank of the source (${n.map((e) => `${e} ${X(t[e]?.label ?? "")}`).join(", ")}):` : "The decoder, where the answer is predicted:";
}
function ro({ stack: e, largest: t }) {
	let n = e.layers.map((e) => ({
		layer: e.layer,
		sum: e.sum ?? 0
	})), r = 300 / Math.max(n.length, 1);
	return /* @__PURE__ */ G("svg", {
		class: "layers",
		viewBox: "0 0 300 96",
		role: "img",
		"aria-label": `Attribution by layer${e.encoder ? " of the encoder" : ""}; the table below has the numbers`,
		children: [/* @__PURE__ */ G("line", {
			x1: 0,
			x2: 300,
			y1: 42,
			y2: 42,
			class: "axis"
		}), n.map((i, a) => {
			let o = Math.abs(i.sum) / t * 40;
			return /* @__PURE__ */ G("g", { children: [
				/* @__PURE__ */ G("rect", {
					class: i.sum < 0 ? "negative" : "positive",
					x: a * r + 1,
					y: i.sum < 0 ? 42 : 42 - o,
					width: Math.max(r - 2, 1),
					height: o
				}),
				a % Math.ceil(n.length / 15) === 0 ? /* @__PURE__ */ G("text", {
					x: (a + .5) * r,
					y: 93,
					children: i.layer
				}) : null,
				/* @__PURE__ */ G("title", { children: `${Bt(`L${i.layer}`, e.encoder)}: ${J(i.sum, 3)}` })
			] }, i.layer);
		})]
	});
}
function io({ stack: e, largest: t }) {
	let n = R(), r = Qt(e.neurons, e.layers.length), i = Math.min($a, Math.max(0, ...r.map((e) => e.length))), a = (e, t) => r[e]?.[t], o = n.state.value.selection;
	return e.neurons.length === 0 ? /* @__PURE__ */ G("p", {
		class: "note",
		children: "None of the strongest neurons is in it."
	}) : /* @__PURE__ */ G(x, { children: [/* @__PURE__ */ G("p", {
		class: "note",
		children: [
			"The ",
			e.neurons.length,
			" strongest neurons by layer, at most ",
			$a,
			" a layer; a cell selects its neuron."
		]
	}), /* @__PURE__ */ G(Cr, {
		label: `Attribution of the strongest neurons${e.encoder ? " of the encoder" : ""}, layers across`,
		columns: r.length,
		rows: i,
		height: 10,
		colour: (e, n) => {
			let r = a(e, n);
			return r ? nr(r.value, t) : null;
		},
		tell: (e, t) => {
			let n = a(e, t);
			return n ? `${Zt(n)}: ${J(n.value, 3)}` : "";
		},
		marked: (e, t) => {
			let n = a(e, t);
			return n !== void 0 && U(H(n), o);
		},
		rowName: (e) => String(e + 1),
		columnName: (t) => Bt(`L${t}`, e.encoder),
		onChoose: (e, t) => {
			let r = a(e, t);
			r && n.select(H(r));
		}
	})] });
}
function ao({ neurons: e }) {
	let t = Math.max(0, ...e.map((e) => Math.abs(e.value)));
	return /* @__PURE__ */ G("table", { children: [/* @__PURE__ */ G("thead", { children: /* @__PURE__ */ G("tr", { children: [
		/* @__PURE__ */ G("th", {
			scope: "col",
			children: "neuron"
		}),
		/* @__PURE__ */ G("th", {
			scope: "col",
			class: "number",
			children: "attribution"
		}),
		/* @__PURE__ */ G("th", {
			scope: "col",
			class: "wide-only",
			children: /* @__PURE__ */ G("span", {
				class: "hidden",
				children: "bar"
			})
		}),
		/* @__PURE__ */ G("th", {
			scope: "col",
			class: "number",
			children: "activation"
		})
	] }) }), /* @__PURE__ */ G("tbody", { children: e.map((e) => /* @__PURE__ */ G("tr", { children: [
		/* @__PURE__ */ G("th", {
			scope: "row",
			children: /* @__PURE__ */ G(Q, { part: H(e) })
		}),
		/* @__PURE__ */ G("td", {
			class: "number",
			children: /* @__PURE__ */ G(ui, {
				value: e.value,
				digits: 3
			})
		}),
		/* @__PURE__ */ G("td", {
			class: "wide-only",
			children: /* @__PURE__ */ G(li, {
				value: e.value,
				largest: t
			})
		}),
		/* @__PURE__ */ G("td", {
			class: "number",
			children: J(e.activation)
		})
	] }, Zt(e))) })] });
}
// src/ui/Outcome.tsx
function oo({ part: e, brief: t }) {
	let n = Wr(), r = n && Kr(n, e);
	if (!n || !r) return null;
	let [i, a] = fr(n.target.probability, r.probability), o = r.difference ?? r.effect;
	return t ? /* @__PURE__ */ G("span", {
		class: "outcome",
		title: `${i} → ${a}, ${J(o.nats)} nats, ${_r(o)}`,
		children: [
			"→ ",
			a,
			" ",
			_r(o)[0]
		]
	}) : /* @__PURE__ */ G("span", {
		class: "outcome",
		children: [
			/* @__PURE__ */ G("span", { children: [
				i,
				" → ",
				a
			] }),
			" ",
			/* @__PURE__ */ G(so, { effect: o })
		]
	});
}
function so({ effect: e }) {
	return /* @__PURE__ */ G("span", {
		class: "verdict",
		title: `${e.rank} of ${e.among} by size`,
		children: [
			/* @__PURE__ */ G("span", { children: [J(e.nats), " nats"] }),
			" ",
			/* @__PURE__ */ G("span", { children: _r(e).replace(" ", "\xA0") })
		]
	});
}
// src/panels/Ledger.tsx
var co = 12, lo = 10, uo = Infinity, fo = me({
	is: () => !1,
	set: () => {}
});
function po() {
	let e = R(), t = e.explained.value, n = L("size"), r = L(co), i = L({});
	if (!t) return null;
	let { ledger: a } = t, o = e.state.value.selection, s = ri(a.terms, r.value, n.value, (e) => mo(Ht(e), o)), c = ii(0, a.terms, s.others.value);
	return /* @__PURE__ */ G(Z, {
		name: "ledger",
		title: "Ledger",
		note: /* @__PURE__ */ G(ho, { explained: t }),
		children: [/* @__PURE__ */ G("p", {
			class: "controls",
			children: [/* @__PURE__ */ G("label", { children: [
				"Sort",
				" ",
				/* @__PURE__ */ G("select", {
					value: n.value,
					onChange: (e) => n.value = e.currentTarget.value,
					children: [/* @__PURE__ */ G("option", {
						value: "size",
						children: "by size"
					}), /* @__PURE__ */ G("option", {
						value: "layer",
						children: "by layer"
					})]
				})
			] }), /* @__PURE__ */ G("button", {
				type: "button",
				onClick: () => r.value = r.value === co ? uo : co,
				children: r.value === co ? `Show all ${a.terms.length}` : "Show the largest"
			})]
		}), /* @__PURE__ */ G(fo.Provider, {
			value: {
				is: (e, t) => i.value[e] ?? mo(t, o),
				set: (e, t) => {
					i.value = {
						...i.value,
						[e]: t
					};
				}
			},
			children: /* @__PURE__ */ G("table", {
				class: "ledger",
				role: "treegrid",
				"aria-label": "Ledger",
				onKeyDown: Do,
				children: [
					/* @__PURE__ */ G("thead", { children: /* @__PURE__ */ G("tr", { children: [
						/* @__PURE__ */ G("th", {
							scope: "col",
							children: "part"
						}),
						/* @__PURE__ */ G("th", {
							scope: "col",
							class: "number",
							children: "logits"
						}),
						/* @__PURE__ */ G("th", {
							scope: "col",
							class: "wide-only",
							children: /* @__PURE__ */ G("span", {
								class: "hidden",
								children: "bar"
							})
						}),
						/* @__PURE__ */ G("th", {
							scope: "col",
							children: "zeroed here"
						})
					] }) }),
					/* @__PURE__ */ G("tbody", { children: [s.shown.map((e, t) => /* @__PURE__ */ G(vo, {
						term: e,
						level: 1,
						largest: c,
						first: t === 0
					}, si(e))), /* @__PURE__ */ G(To, {
						count: s.others.count,
						value: s.others.value,
						level: 1,
						largest: c
					})] }),
					/* @__PURE__ */ G(_o, { explained: t })
				]
			})
		})]
	});
}
function mo(e, t) {
	return !e || !t || e.layer !== t.layer ? !1 : U(e, t) ? !0 : !t.encoder && e.head === void 0 && e.neuron === void 0 && Nt(t) === e.kind;
}
function ho({ explained: e }) {
	let { target: t, reference: n } = e;
	return /* @__PURE__ */ G(x, { children: [
		"Why ",
		X(t.text),
		": ",
		go(n),
		"; raw logit ",
		q(t.logit),
		n.kind === "raw" ? "" : `, reference ${q(n.value)}`,
		". Norm scales and attention patterns as they were."
	] });
}
function go(e) {
	return e.kind === "raw" ? "its raw logit" : e.kind === "mean" ? "its logit above the vocabulary mean" : `its logit minus that of ${X(e.text ?? "")}`;
}
function _o({ explained: e }) {
	let { sum: t, error: n, holds: r } = oi(e.ledger);
	return /* @__PURE__ */ G("tfoot", { children: /* @__PURE__ */ G("tr", {
		class: r ? "total" : "total error",
		children: [
			/* @__PURE__ */ G("th", {
				scope: "row",
				children: "total"
			}),
			/* @__PURE__ */ G("td", {
				class: "number",
				"data-total": t,
				children: J(t)
			}),
			/* @__PURE__ */ G("td", {
				colSpan: 2,
				children: [
					r ? "= model ✓" : `≠ model ${J(e.ledger.value)}`,
					" (|Δ| ",
					lr(n),
					", tolerance",
					" ",
					lr(e.ledger.tolerance),
					")"
				]
			})
		]
	}) });
}
function vo(e) {
	let t = R(), n = Ne(fo), { term: r, level: i } = e, a = Ht(r), o = si(r), s = a !== null && a.kind === Nt(a) || (e.sources?.length ?? 0) > 0, c = s && n.is(o, a);
	return /* @__PURE__ */ G(x, { children: [
		/* @__PURE__ */ G(wo, {
			name: Vt(r),
			value: r.value,
			level: i,
			largest: e.largest,
			part: a,
			open: s ? c : null,
			first: e.first ?? !1,
			onToggle: (e) => n.set(o, e),
			onSelect: () => {
				a && t.select(U(a, t.state.value.selection) ? null : a);
			}
		}),
		c && i === 1 ? /* @__PURE__ */ G(yo, {
			term: r,
			largest: e.largest
		}) : null,
		c && i === 2 ? /* @__PURE__ */ G(So, {
			terms: e.sources ?? [],
			parent: r.value,
			largest: e.largest
		}) : null
	] });
}
function yo({ term: e, largest: t }) {
	let n = R().followed(), r = {
		ask: "terms",
		...n,
		layer: e.layer,
		sublayer: e.kind,
		top: lo
	}, i = z(n ? r : null);
	if (!i?.result) return /* @__PURE__ */ G("tr", {
		class: "waiting",
		children: /* @__PURE__ */ G("td", {
			colSpan: 4,
			class: i?.error ? "error" : "",
			children: i?.error ?? `${i?.stage ?? "waiting"} …`
		})
	});
	let { terms: a, others: o } = i.result, s = a.filter((e) => e.source === null && !bo(e)), c = ri(s, uo, "size"), l = ii(t, s, o.value);
	return /* @__PURE__ */ G(x, { children: [
		c.shown.map((e) => /* @__PURE__ */ G(vo, {
			term: e,
			level: 2,
			largest: l,
			sources: a.filter((t) => xo(t, e))
		}, si(e))),
		/* @__PURE__ */ G(To, {
			count: o.count,
			value: o.value,
			level: 2,
			largest: l
		}),
		/* @__PURE__ */ G(Eo, {
			level: 2,
			sum: c.sum + o.value,
			parent: e.value
		})
	] });
}
function bo({ kind: e }) {
	return e === "head_rounding" || e === "cross_head_rounding";
}
function xo(e, t) {
	return t.head !== null && e.head === t.head && (e.source !== null || bo(e));
}
function So(e) {
	let t = R(), n = (e) => bo(e) ? "rounding" : `from ${e.source} ${X(Co(t.explained.value, e))}`, { shown: r, others: i, sum: a } = ri(e.terms, lo, "size"), o = ii(e.largest, r, i.value);
	return /* @__PURE__ */ G(x, { children: [
		r.map((e) => /* @__PURE__ */ G(wo, {
			name: n(e),
			value: e.value,
			level: 3,
			largest: o,
			part: null,
			open: null
		}, si(e))),
		/* @__PURE__ */ G(To, {
			count: i.count,
			value: i.value,
			level: 3,
			largest: o
		}),
		/* @__PURE__ */ G(Eo, {
			level: 3,
			sum: a,
			parent: e.parent
		})
	] });
}
function Co(e, { kind: t, source: n }) {
	return e === null || n === null ? "" : t === "cross_attention" ? e.sources?.[n]?.label ?? "" : e.tokens[n]?.text ?? "";
}
function wo(e) {
	let t = R(), { part: n, open: r, level: i } = e, a = n !== null && U(n, t.state.value.selection);
	return /* @__PURE__ */ G("tr", {
		class: `level-${i}${n !== null && U(n, t.hovered.value) ? " hovered" : ""}${n ? " choosable" : ""}`,
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
			/* @__PURE__ */ G("td", {
				class: "name",
				children: [r === null ? /* @__PURE__ */ G("span", { class: "twisty" }) : /* @__PURE__ */ G("span", {
					class: "twisty",
					"aria-hidden": "true",
					onClick: (t) => {
						t.stopPropagation(), e.onToggle?.(!r);
					},
					children: r ? "▾" : "▸"
				}), /* @__PURE__ */ G("bdi", { children: e.name })]
			}),
			/* @__PURE__ */ G("td", {
				class: "number",
				"data-value": e.value,
				children: /* @__PURE__ */ G(ui, { value: e.value })
			}),
			/* @__PURE__ */ G("td", {
				class: "wide-only",
				children: /* @__PURE__ */ G(li, {
					value: e.value,
					largest: e.largest
				})
			}),
			/* @__PURE__ */ G("td", { children: n ? /* @__PURE__ */ G(oo, {
				part: n,
				brief: !0
			}) : null })
		]
	});
}
function To(e) {
	return e.count === 0 ? null : /* @__PURE__ */ G("tr", {
		class: `others level-${e.level}`,
		"aria-level": e.level,
		children: [
			/* @__PURE__ */ G("td", {
				class: "name",
				children: [
					/* @__PURE__ */ G("span", { class: "twisty" }),
					e.count,
					" others (net)"
				]
			}),
			/* @__PURE__ */ G("td", {
				class: "number",
				"data-value": e.value,
				children: /* @__PURE__ */ G(ui, { value: e.value })
			}),
			/* @__PURE__ */ G("td", {
				class: "wide-only",
				children: /* @__PURE__ */ G(li, {
					value: e.value,
					largest: e.largest
				})
			}),
			/* @__PURE__ */ G("td", {})
		]
	});
}
function Eo(e) {
	let t = Math.abs(e.sum - e.parent) < .005;
	return /* @__PURE__ */ G("tr", {
		class: `sum level-${e.level}`,
		"aria-level": e.level,
		children: [
			/* @__PURE__ */ G("td", {
				class: "name",
				children: [/* @__PURE__ */ G("span", { class: "twisty" }), "sum"]
			}),
			/* @__PURE__ */ G("td", {
				class: "number",
				children: J(e.sum)
			}),
			/* @__PURE__ */ G("td", {
				colSpan: 2,
				class: t ? "" : "error",
				children: t ? "= the row above ✓" : `≠ the row above ${J(e.parent)}`
			})
		]
	});
}
function Do(e) {
	let t = e.key === "ArrowDown" ? 1 : e.key === "ArrowUp" ? -1 : 0;
	if (t === 0) return;
	let n = [...e.currentTarget.querySelectorAll("tr[tabindex]")];
	n[n.indexOf(document.activeElement) + t]?.focus(), e.preventDefault();
}
// src/panels/Lens.tsx
var Oo = {
	rank: "rank of the target",
	probability: "probability of the target",
	top: "probability of the top token"
};
function ko() {
	let e = R(), t = L("rank"), n = e.explained.value, r = n?.tokens.length ?? 0, i = Yn(n?.position ?? 0, r), a = e.followed(), o = r > 128 ? [i.value, Math.min(i.value + 128, r)] : null, { answer: s, result: c, stale: l } = B(a ? {
		ask: "lens",
		prompt: a.prompt,
		...Tn({ source: a.source }),
		target: a.target,
		top: 5,
		...o ? { window: o } : {}
	} : null);
	if (!n) return null;
	let u = c ? Mo(c.cells, i.value) : null, d = n.model.vocab, f = (e) => t.value === "rank" ? 1 - Math.log(e.rank) / Math.log(d) : t.value === "probability" ? e.probability : e.top_probability[0] ?? 0;
	return /* @__PURE__ */ G(Z, {
		name: "lens",
		title: "Logit lens",
		note: `What the stream would predict after each layer, for ${X(n.target.text)}. Bright: ${t.value === "rank" ? "a good rank (1 is best), dark: a bad one" : "a high probability"}. A cell chooses its position.`,
		children: [
			/* @__PURE__ */ G("p", {
				class: "controls",
				children: /* @__PURE__ */ G("label", { children: [
					"Colour",
					" ",
					/* @__PURE__ */ G("select", {
						value: t.value,
						onChange: (e) => t.value = e.currentTarget.value,
						children: Object.entries(Oo).map(([e, t]) => /* @__PURE__ */ G("option", {
							value: e,
							children: t
						}, e))
					})
				] })
			}),
			/* @__PURE__ */ G(Nr, {
				start: i,
				length: r,
				what: "tokens"
			}),
			/* @__PURE__ */ G(K, { answer: s }),
			u && u.positions.length > 0 ? /* @__PURE__ */ G("div", {
				class: l ? "stale" : "",
				children: [/* @__PURE__ */ G(Cr, {
					label: `Logit lens, ${Oo[t.value]} by layer and token`,
					columns: u.positions.length,
					rows: u.layers.length,
					colour: (e, t) => {
						let n = u.at(e, t);
						return n ? rr(f(n)) : null;
					},
					tell: (e, t) => jo(u.at(e, t), u.positions[e] ?? 0),
					rowName: (e) => Ao(u.layers[e] ?? null),
					columnName: (e) => X(c?.tokens[u.positions[e] ?? -1]?.text ?? ""),
					marked: (e, t) => t === 0 && u.positions[e] === n.position,
					onChoose: (t) => e.set({
						position: u.positions[t] ?? null,
						target: null
					})
				}), /* @__PURE__ */ G(jr, {
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
						Ao(e.layer),
						`${e.position}`,
						/* @__PURE__ */ G("bdi", { children: X(e.top[0]?.text ?? "") }, "top"),
						Y(e.top_probability[0] ?? 0),
						`${e.rank}`,
						Y(e.probability)
					])
				})]
			}) : null
		]
	});
}
function Ao(e) {
	return e === null ? "emb" : `L${e}`;
}
function jo(e, t) {
	if (!e) return "";
	let n = e.top.slice(0, 3).map((t, n) => `${X(t.text)} ${Y(e.top_probability[n] ?? 0)}`);
	return `${Ao(e.layer)}, position ${t}: target's rank ${e.rank}; ${n.join(", ")}`;
}
function Mo(e, t) {
	let n = e.filter((e) => e.position >= t && e.position < t + 128), r = [...new Set(n.map((e) => e.layer))].sort((e, t) => (t ?? -1) - (e ?? -1)), i = [...new Set(n.map((e) => e.position))].sort((e, t) => e - t), a = new Map(n.map((e) => [`${e.layer} ${e.position}`, e]));
	return {
		cells: n,
		layers: r,
		positions: i,
		at: (e, t) => a.get(`${r[t] ?? null} ${i[e]}`)
	};
}
// src/panels/Looked.tsx
function No() {
	let e = R(), t = Wr(), n = e.state.value.selection, r = t ? Po(t, n) : null;
	if (!t || !r || r.looks_at.length === 0) return null;
	let i = 1 - r.looks_at.reduce((e, t) => e + t.attention, 0), a = X(t.tokens[t.position]?.text ?? "");
	return /* @__PURE__ */ G(Z, {
		name: "looked",
		title: `Where ${W(V(r))} looked`,
		note: `Its attention from ${a}; all shares come to 1.`,
		children: /* @__PURE__ */ G("table", {
			class: "looked",
			children: [/* @__PURE__ */ G("thead", {
				class: "hidden",
				children: /* @__PURE__ */ G("tr", { children: [
					/* @__PURE__ */ G("th", {
						scope: "col",
						children: "token"
					}),
					/* @__PURE__ */ G("th", {
						scope: "col",
						children: "share"
					}),
					/* @__PURE__ */ G("th", {
						scope: "col",
						children: "attention"
					})
				] })
			}), /* @__PURE__ */ G("tbody", { children: [r.looks_at.map((e) => /* @__PURE__ */ G("tr", { children: [
				/* @__PURE__ */ G("th", {
					scope: "row",
					children: [
						/* @__PURE__ */ G("bdi", { children: X(e.text) }),
						" ",
						!r.cross && e.position === 0 && t.position > 0 ? /* @__PURE__ */ G("span", {
							class: "small",
							children: "first token"
						}) : null
					]
				}),
				/* @__PURE__ */ G("td", { children: /* @__PURE__ */ G("span", {
					class: "amount",
					"aria-hidden": "true",
					children: /* @__PURE__ */ G("span", { style: { width: `${e.attention * 100}%` } })
				}) }),
				/* @__PURE__ */ G("td", {
					class: "number",
					children: q(e.attention)
				})
			] }, e.position)), i > .005 ? /* @__PURE__ */ G("tr", { children: [
				/* @__PURE__ */ G("th", {
					scope: "row",
					class: "small",
					children: "elsewhere"
				}),
				/* @__PURE__ */ G("td", { children: /* @__PURE__ */ G("span", {
					class: "amount",
					"aria-hidden": "true",
					children: /* @__PURE__ */ G("span", {
						class: "rest",
						style: { width: `${i * 100}%` }
					})
				}) }),
				/* @__PURE__ */ G("td", {
					class: "number",
					title: Y(i),
					children: q(i)
				})
			] }) : null] })]
		})
	});
}
function Po(e, t) {
	let n = e.answer.part ? Lt(e.answer.part) : null, r = (t) => t && e.heads.find((e) => U(V(e), t));
	return r(t) ?? r(n) ?? e.heads[0] ?? null;
}
// src/panels/Pins.tsx
function Fo() {
	let e = R(), { pins: t, b: n } = e.state.value;
	return e.explained.value ? /* @__PURE__ */ G(Z, {
		name: "pins",
		title: "Pins",
		note: t.length === 0 ? "Pin the test of a part (choose one in Why, Parts or Graph and press p) to see here what several do together." : "Each pin alone, and all of them together in one run.",
		children: t.length === 0 ? null : /* @__PURE__ */ G(x, { children: [
			/* @__PURE__ */ G("ul", {
				class: "pins",
				children: t.map((r, i) => /* @__PURE__ */ G("li", { children: [/* @__PURE__ */ G("div", {
					class: "controls",
					children: [
						/* @__PURE__ */ G(Q, { part: r.part }),
						/* @__PURE__ */ G("select", {
							"aria-label": `How ${W(r.part)} is tested`,
							value: r.how,
							onChange: (n) => {
								let r = n.currentTarget.value;
								e.set({ pins: t.map((e, t) => t === i ? {
									...e,
									how: r
								} : e) });
							},
							children: pn.map((e) => /* @__PURE__ */ G("option", {
								value: e,
								disabled: e === "swap" && n === null,
								children: e
							}, e))
						}),
						/* @__PURE__ */ G("button", {
							type: "button",
							"aria-label": `Remove the pin of ${W(r.part)}`,
							onClick: () => e.set({ pins: t.filter((e, t) => t !== i) }),
							children: "×"
						})
					]
				}), t.length > 1 ? /* @__PURE__ */ G(oa, {
					tests: [r],
					note: "this pin alone"
				}) : null] }, Mt(r.part)))
			}),
			t.length > 1 ? /* @__PURE__ */ G("h3", { children: "All together" }) : null,
			/* @__PURE__ */ G(oa, {
				tests: t,
				note: t.length === 1 ? "this pin" : `these ${t.length} pins`
			})
		] })
	}) : null;
}
// src/panels/Prediction.tsx
function Io() {
	let e = R().explained.value, t = bi();
	if (!e) return null;
	let { target: n, position: r, tokens: i, model: a } = e;
	return /* @__PURE__ */ G(Z, {
		name: "prediction",
		title: "Prediction",
		note: /* @__PURE__ */ G(x, { children: [
			a.bidirectional ? "At" : "After",
			" ",
			r,
			" ",
			X(i[r]?.text ?? ""),
			":",
			" ",
			X(n.text),
			" has ",
			Y(n.probability),
			", rank ",
			n.rank,
			". Choose a token to explain it."
		] }),
		children: [e.notes.map((e) => /* @__PURE__ */ G("p", {
			class: "note",
			children: e
		}, e)), /* @__PURE__ */ G("div", {
			class: "side-by-side",
			children: [/* @__PURE__ */ G(Lo, {
				explained: e,
				caption: t ? "A" : "Top tokens"
			}), t?.result ? /* @__PURE__ */ G(Lo, {
				explained: t.result,
				caption: "B"
			}) : null]
		})]
	});
}
function Lo({ explained: e, caption: t }) {
	let n = R();
	return /* @__PURE__ */ G("table", {
		class: "predictions",
		children: [
			/* @__PURE__ */ G("caption", { children: t }),
			/* @__PURE__ */ G("thead", { children: /* @__PURE__ */ G("tr", { children: [
				/* @__PURE__ */ G("th", {
					scope: "col",
					children: "token"
				}),
				/* @__PURE__ */ G("th", {
					scope: "col",
					class: "number",
					children: "probability"
				}),
				/* @__PURE__ */ G("th", {
					scope: "col",
					children: /* @__PURE__ */ G("span", {
						class: "hidden",
						children: "bar"
					})
				})
			] }) }),
			/* @__PURE__ */ G("tbody", { children: e.predictions.map((t) => /* @__PURE__ */ G("tr", { children: [
				/* @__PURE__ */ G("td", { children: /* @__PURE__ */ G("button", {
					type: "button",
					class: "part",
					"aria-pressed": t.id === e.target.id,
					disabled: n.data.host === "report",
					onClick: () => n.set({ target: yn(t) }),
					children: /* @__PURE__ */ G($, { text: t.text })
				}) }),
				/* @__PURE__ */ G("td", {
					class: "number",
					children: Y(t.probability)
				}),
				/* @__PURE__ */ G("td", { children: /* @__PURE__ */ G("span", {
					class: "amount",
					"aria-hidden": "true",
					children: /* @__PURE__ */ G("span", { style: { width: `${t.probability * 100}%` } })
				}) })
			] }, t.id)) })
		]
	});
}
// src/panels/Sentence.tsx
function Ro() {
	let e = R(), t = e.explained.value, n = z(Gr(e.followed()));
	if (!t) return null;
	let r = n?.result ?? null, i = r?.words?.units ?? [], a = n !== null && !r && !n.error;
	return /* @__PURE__ */ G("section", {
		class: "panel panel-sentence",
		"aria-label": "The answer",
		children: /* @__PURE__ */ G("p", {
			class: "sentence",
			children: r ? r.sentence.map((e, t) => /* @__PURE__ */ G(Bo, {
				span: e,
				units: i
			}, t)) : /* @__PURE__ */ G(x, { children: [zo(t.sentence).map((e, t) => /* @__PURE__ */ G(Bo, {
				span: e,
				units: i
			}, t)), a ? /* @__PURE__ */ G("span", {
				class: "waiting",
				children: " Now each word is taken away, and each head switched off …"
			}) : null] })
		})
	});
}
function zo(e) {
	let t = e.findIndex((e) => e.kind === null && e.text.trimEnd().endsWith("."));
	return t < 0 ? e : e.slice(0, t + 1);
}
function Bo({ span: e, units: t }) {
	let n = R(), r = e.kind === "part" ? Lt(e.text) : null;
	if (r) return /* @__PURE__ */ G(Q, { part: r });
	let i = e.kind === "word" ? t[e.place ?? -1] : void 0;
	return i ? /* @__PURE__ */ G("button", {
		type: "button",
		class: "noun",
		onClick: () => n.set({ word: i.positions[0] ?? null }),
		children: e.text
	}) : /* @__PURE__ */ G("span", {
		class: e.kind === null ? void 0 : `said-${e.kind}`,
		children: e.text
	});
}
// src/panels/Strongest.tsx
var Vo = 6;
function Ho() {
	let e = R(), t = e.explained.value, n = z(Gr(e.followed())), r = Wr(), i = L(!1);
	if (!t) return null;
	let { heads: a, neurons: o } = r ?? t, s = i.value ? Infinity : Vo;
	return /* @__PURE__ */ G(Z, {
		name: "strongest",
		title: "Heads and neurons",
		note: r ? r.answer.text : "Credit is not cause: each is zeroed to see what changes.",
		children: [
			/* @__PURE__ */ G(K, { answer: n }),
			/* @__PURE__ */ G(Ar, {
				label: "The strongest, one a row",
				children: /* @__PURE__ */ G("table", { children: [/* @__PURE__ */ G("thead", { children: /* @__PURE__ */ G("tr", { children: [
					/* @__PURE__ */ G("th", {
						scope: "col",
						children: "part"
					}),
					/* @__PURE__ */ G("th", {
						scope: "col",
						class: "number",
						children: "credit"
					}),
					/* @__PURE__ */ G("th", {
						scope: "col",
						children: "looks at / activation"
					}),
					/* @__PURE__ */ G("th", {
						scope: "col",
						children: "zeroed here"
					}),
					/* @__PURE__ */ G("th", {
						scope: "col",
						children: "writes toward"
					})
				] }) }), /* @__PURE__ */ G("tbody", { children: [a.slice(0, s).map((e) => /* @__PURE__ */ G(Uo, {
					part: V(e),
					value: e.value,
					shownFor: r ? e.shown_for : [],
					reads: e.looks_at.slice(0, 2).map((e) => /* @__PURE__ */ G(Ci, { at: e }, e.position)),
					toward: e.writes_toward
				}, Mt(V(e)))), o.slice(0, s).map((e) => /* @__PURE__ */ G(Uo, {
					part: H(e),
					value: e.value,
					shownFor: r ? e.shown_for : [],
					reads: J(e.activation, 1),
					toward: e.promotes
				}, Mt(H(e))))] })] })
			}),
			Math.max(a.length, o.length) > Vo ? /* @__PURE__ */ G("button", {
				type: "button",
				"aria-pressed": i.value,
				onClick: () => i.value = !i.value,
				children: ["Show all ", a.length + o.length]
			}) : null,
			/* @__PURE__ */ G("p", {
				class: "note",
				children: Wo(r)
			})
		]
	});
}
function Uo(e) {
	return /* @__PURE__ */ G("tr", { children: [
		/* @__PURE__ */ G("th", {
			scope: "row",
			children: [
				/* @__PURE__ */ G(Q, { part: e.part }),
				" ",
				/* @__PURE__ */ G("span", {
					class: "small shown-for",
					children: e.shownFor.join(", ")
				})
			]
		}),
		/* @__PURE__ */ G("td", {
			class: "number",
			children: /* @__PURE__ */ G(ui, { value: e.value })
		}),
		/* @__PURE__ */ G("td", { children: e.reads }),
		/* @__PURE__ */ G("td", { children: /* @__PURE__ */ G(oo, { part: e.part }) }),
		/* @__PURE__ */ G("td", { children: /* @__PURE__ */ G(Si, { tokens: e.toward.slice(0, 3) }) })
	] });
}
function Wo(e) {
	let t = [["every head", e?.control?.heads], ["active or credited neurons", e?.control?.neurons]].flatMap(([e, t]) => t ? [`${e} (${t.count}): ${Go(t)}`] : []);
	return t.length > 0 ? `Zeroed one by one: ${t.join("; ")}.` : "";
}
function Go({ limit: e }) {
	return e === null ? "too few for a verdict by rank" : `one in twenty reaches ${q(e)} nats`;
}
// src/lib/find.ts
function Ko(e, t) {
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
function qo(e) {
	let t = L(""), n = L(-1), r = Ko(e.texts, t.value), i = (t) => {
		r.length !== 0 && (n.value = (n.value + t + r.length) % r.length, e.go(r[n.value] ?? null));
	}, a = (r) => {
		t.value = r, n.value = -1;
		let i = Ko(e.texts, r)[0];
		i !== void 0 && (n.value = 0), e.go(i ?? null);
	};
	return /* @__PURE__ */ G("label", { children: [
		"Find in the prompt",
		" ",
		/* @__PURE__ */ G("input", {
			type: "search",
			value: t.value,
			onInput: (e) => a(e.currentTarget.value),
			onKeyDown: (e) => {
				e.key === "Enter" && (i(e.shiftKey ? -1 : 1), e.preventDefault());
			}
		}),
		" ",
		/* @__PURE__ */ G("output", {
			class: "small",
			children: t.value ? r.length === 0 ? "is not there" : `${n.value + 1} of ${r.length}, token ${r[n.value] ?? ""}` : ""
		})
	] });
}
// src/panels/TokenStrip.tsx
function Jo() {
	let e = R(), t = e.explained.value, n = Yn(t?.position ?? 0, t?.tokens.length ?? 0), r = L(null), i = Me(() => (t?.tokens ?? []).map((e) => e.text), [t]), a = ns(), o = Yo();
	if (!t) return null;
	let { tokens: s, position: c } = t, l = a !== null && Ft(a.part), u = [...o.values()].map((e) => e.effect), d = Math.max(0, ...(a?.values ?? u).map(Math.abs)), f = s.slice(n.value, n.value + 128), p = f.some((e) => e.role);
	return /* @__PURE__ */ G(Z, {
		name: "strip",
		title: "Tokens",
		note: a ? /* @__PURE__ */ G(x, { children: [
			"Coloured by what each token gives the target through ",
			W(a.part),
			": orange + raises, purple − lowers; largest ",
			J(a.values.reduce((e, t) => Math.abs(t) > Math.abs(e) ? t : e, 0)),
			" logits."
		] }) : o.size > 0 ? `Under a word: what is left of ${X(t.target.text)} without it. ○ Many heads rest on the first word, whatever it says.` : `Choose the position ${t.model.bidirectional ? "whose token" : "whose next token"} is explained. Select a head or an attention sublayer to colour its sources.`,
		children: [
			e.reads() === null ? null : /* @__PURE__ */ G(Qo, {
				sources: t.sources ?? [],
				values: l ? a.values : [],
				largest: d
			}),
			/* @__PURE__ */ G(Nr, {
				start: n,
				length: s.length,
				what: "tokens"
			}),
			s.length > 128 ? /* @__PURE__ */ G(qo, {
				texts: i,
				go: (e) => {
					r.value = e, e !== null && (n.value = Xn(e, n.value, s.length));
				}
			}) : null,
			/* @__PURE__ */ G("ol", {
				class: "strip",
				start: n.value + 1,
				children: f.map((n, i) => {
					let s = n.role && (i === 0 || n.role !== f[i - 1]?.role), u = l || n.position > c && !t.model.bidirectional, m = a ? void 0 : o.get(n.position), h = u ? void 0 : a ? a.values[n.position] : m?.effect;
					return /* @__PURE__ */ G("li", { children: [/* @__PURE__ */ G("button", {
						type: "button",
						class: n.position === r.value ? "token found" : "token",
						"aria-pressed": n.position === c,
						style: $o(h, d),
						title: m && Zo(m, t),
						onClick: () => e.set({
							position: n.position,
							target: null
						}),
						onKeyDown: (e) => ts(e),
						children: [
							/* @__PURE__ */ G("span", {
								class: "index",
								children: n.position
							}),
							/* @__PURE__ */ G($, { text: n.text }),
							m ? /* @__PURE__ */ G("span", {
								class: "sign",
								children: m.positions[0] === n.position ? Xo(m) : "\xA0"
							}) : /* @__PURE__ */ G(es, {
								value: h,
								largest: d
							})
						]
					}), p ? /* @__PURE__ */ G("span", {
						class: "small role",
						children: s ? n.role : "\xA0"
					}) : null] }, n.position);
				})
			})
		]
	});
}
function Yo() {
	let e = R(), t = Wr()?.words;
	if (e.reads() !== null || t?.by !== "word") return /* @__PURE__ */ new Map();
	let n = t.units.filter((e) => e.mark !== "last");
	return new Map(n.flatMap((e) => e.positions.map((t) => [t, e])));
}
function Xo(e) {
	let t = e.difference_without === null ? Y(e.probability_without) : J(e.difference_without);
	return e.mark === "first" ? `${t} ○` : t;
}
function Zo(e, t) {
	let { target: n } = t, [r, i] = fr(n.probability, e.probability_without), { instead: a } = e, o = a.id === n.id ? "the same" : `${X(a.text)} (${Y(a.probability)})`;
	return `Without ${X(e.text)}: ${X(n.text)} ${r} → ${i} (${J(-e.effect)} ${e.difference_without === null ? "nats" : "logits"}); it says ${o}`;
}
function Qo(e) {
	let t = Yn(0, e.sources.length), n = e.sources.slice(t.value, t.value + 128);
	return /* @__PURE__ */ G(x, { children: [
		/* @__PURE__ */ G("p", {
			class: "note",
			children: "What the encoder read; cross-attention takes from here:"
		}),
		/* @__PURE__ */ G(Nr, {
			start: t,
			length: e.sources.length,
			what: "source positions"
		}),
		/* @__PURE__ */ G("ol", {
			class: "strip",
			"aria-label": "Source",
			start: t.value + 1,
			children: n.map((t) => /* @__PURE__ */ G("li", { children: /* @__PURE__ */ G("span", {
				class: "token source",
				style: $o(e.values[t.position], e.largest),
				children: [
					/* @__PURE__ */ G("span", {
						class: "index",
						children: t.position
					}),
					/* @__PURE__ */ G($, { text: t.label }),
					/* @__PURE__ */ G(es, {
						value: e.values[t.position],
						largest: e.largest
					})
				]
			}) }, t.position))
		})
	] });
}
function $o(e, t) {
	if (e === void 0) return {};
	let n = nr(e, t);
	return {
		background: n,
		color: ir(n)
	};
}
function es(e) {
	let { value: t } = e;
	return /* @__PURE__ */ G("span", {
		class: "sign",
		children: t !== void 0 && Math.abs(t) > e.largest / 20 ? J(t) : "\xA0"
	});
}
function ts(e) {
	let t = e.key === "ArrowRight" ? 1 : e.key === "ArrowLeft" ? -1 : 0;
	if (t === 0) return;
	let n = e.currentTarget.parentElement;
	(t > 0 ? n?.nextElementSibling : n?.previousElementSibling)?.querySelector("button")?.focus(), e.preventDefault();
}
function ns() {
	let e = R(), { selection: t } = e.state.value, n = e.followed(), r = (e) => e && n && Nt(e) !== "mlp" ? {
		ask: "attention",
		...n,
		layer: e.layer,
		...It(e)
	} : null, i = z(r(t)), a = e.hovered.value, o = r(a), s = o && e.desk.peek(o);
	return a && s ? {
		part: a,
		values: rs(s, a)
	} : t && i?.result ? {
		part: t,
		values: rs(i.result, t)
	} : null;
}
function rs(e, t) {
	let n = e.heads.filter((e) => t.head === void 0 || e.head === t.head);
	return (Ft(t) ? e.sources ?? [] : e.tokens).map((e, t) => n.reduce((e, n) => e + (n.contribution[t] ?? 0), 0));
}
// src/lib/words.ts
var is = 40;
function as(e, t) {
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
	return r.map(ss);
}
function os(e, t) {
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
function ss(e) {
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
function cs({ text: e }) {
	let t = [...e.trim() === "" ? X(e) : e.trim().split(/\s+/).map(X).join(" ")];
	return t.length > is ? `${t.slice(0, 39).join("")}…` : t.join("");
}
function ls(e) {
	let t = e.filter((e) => e.mark === null);
	return [...t.length > 0 ? t : e].sort((e, t) => Math.abs(t.effect) - Math.abs(e.effect))[0] ?? null;
}
// src/panels/Words.tsx
var us = 5, ds = 40;
function fs() {
	let e = R(), t = e.explained.value, n = Wr(), r = L(null);
	if (!t) return null;
	let i = n?.words?.units ?? [], a = i.find((t) => t.positions[0] === e.state.value.word) ?? null, o = r.value ?? a ?? ls(i);
	return /* @__PURE__ */ G("section", {
		class: "panel panel-words",
		"aria-label": "The prompt and the answer",
		children: [
			/* @__PURE__ */ G(ps, {
				explained: t,
				units: i,
				told: o,
				waiting: n === null,
				onHover: (e) => r.value = e
			}),
			/* @__PURE__ */ G(bs, { explained: t }),
			o ? /* @__PURE__ */ G(ys, {
				unit: o,
				explained: t,
				tested: n
			}) : null,
			/* @__PURE__ */ G(xs, {
				explained: t,
				tested: n
			}),
			t.notes.map((e) => /* @__PURE__ */ G("p", {
				class: "note",
				children: e
			}, e))
		]
	});
}
function ps(e) {
	let t = R(), { explained: n, units: r } = e, { target: i } = n, a = Math.max(0, ...r.filter((e) => e.mark !== "last").map((e) => Math.abs(e.effect))), { source: o } = t.state.value, s = t.reads() === "text" && o !== null && r.length > 0 ? os(o, r) : as(n, r), c = s.some((e) => e.role !== null), l = s.filter((e) => e.role !== "template");
	return /* @__PURE__ */ G("div", {
		class: l.length > ds || n.tokens.length > 160 ? "text long" : "text",
		dir: "auto",
		children: [l.map((t, r) => /* @__PURE__ */ G(x, { children: [c && t.role !== null && t.role !== (l[r - 1]?.role ?? null) ? /* @__PURE__ */ G("span", {
			class: "turn",
			children: t.role
		}) : /* @__PURE__ */ G(ms, { text: r === 0 ? "" : t.before }), /* @__PURE__ */ G(hs, {
			stretch: t,
			largest: a,
			explained: n,
			told: e.told,
			onHover: e.onHover
		})] }, r)), /* @__PURE__ */ G("span", {
			class: "answer",
			children: [/* @__PURE__ */ G("span", {
				class: "arrow",
				"aria-hidden": "true",
				children: "→"
			}), /* @__PURE__ */ G("button", {
				type: "button",
				class: "said",
				title: "What the model says here; choose it to see how the parts add up to it",
				onClick: () => t.go("parts"),
				children: [
					/* @__PURE__ */ G($, { text: i.text.trim() === "" ? i.text : i.text.trim() }),
					" ",
					/* @__PURE__ */ G("span", {
						class: "small",
						children: Y(i.probability)
					})
				]
			})]
		})]
	});
}
function ms({ text: e }) {
	let t = e.split("\n").length - 1;
	return t > 0 ? /* @__PURE__ */ G(x, { children: [/* @__PURE__ */ G("span", {
		class: "small",
		children: "↵".repeat(t)
	}), /* @__PURE__ */ G("br", {})] }) : /* @__PURE__ */ G("span", { children: e === "" ? "" : " " });
}
function hs(e) {
	let t = R(), { stretch: n, explained: r, largest: i } = e, { unit: a } = n;
	if (!a) return /* @__PURE__ */ G("span", {
		class: "unread",
		children: n.text
	});
	let o = a.mark !== "last", s = o && i > 0 ? nr(.75 * a.effect / i, 1) : null, c = s && a.mark === null ? {
		background: s,
		color: ir(s)
	} : {};
	return /* @__PURE__ */ G("button", {
		type: "button",
		class: `word${a.mark ? ` ${a.mark}` : ""}`,
		title: _s(a, r),
		"aria-pressed": a === e.told && t.state.value.word !== null,
		onClick: () => t.set({ word: a.positions[0] ?? null }),
		onMouseEnter: () => e.onHover(a),
		onMouseLeave: () => e.onHover(null),
		onFocus: () => e.onHover(a),
		onBlur: () => e.onHover(null),
		children: [/* @__PURE__ */ G("span", {
			class: "word-text",
			style: c,
			children: n.text.trim() === "" ? X(n.text) : n.text
		}), /* @__PURE__ */ G("small", { children: o ? gs(a, r) : "asked here" })]
	});
}
function gs(e, t) {
	let n = Math.abs(e.effect) < .1 ? "" : e.effect > 0 ? "↓ " : "↑ ";
	return e.difference_without === null ? n + fr(t.target.probability, e.probability_without)[1] : n + J(e.difference_without);
}
function _s(e, t) {
	let { target: n, reference: r, ledger: i } = t, a = e.difference_without !== null && r.kind === "versus", [o, s] = a ? [J(i.value), `${J(e.difference_without ?? 0)} logits`] : fr(n.probability, e.probability_without), c = a ? `the lead of ${vs(n.text)} over ${vs(r.text ?? "")}` : vs(n.text);
	return `Without ${cs(e)} alone: ${c} ${o} → ${s}`;
}
function vs(e) {
	return X(e.trim() || e);
}
function ys(e) {
	let t = R(), { unit: n, explained: r, tested: i } = e, { instead: a } = n, o = t.reads() !== null, s = (i?.heads ?? []).filter((e) => e.looks_at.some((t) => e.cross === o && n.positions.includes(t.position) && t.attention >= .25)).filter((e) => e.zeroed && e.zeroed.effect.verdict !== "ordinary").slice(0, 4), c = o ? void 0 : r.tokens[n.positions.at(-1) ?? -1];
	return /* @__PURE__ */ G("p", {
		class: "without",
		"aria-live": "polite",
		children: [
			/* @__PURE__ */ G("strong", { children: _s(n, r) }),
			n.difference_without === null ? /* @__PURE__ */ G("span", {
				class: "small",
				children: [
					" (",
					J(-n.effect),
					" nats)"
				]
			}) : null,
			n.mark === "last" ? ". The question is asked here, so without it another question is asked." : null,
			n.mark === "first" ? ". Many heads rest on the first word, whatever it says." : null,
			a.id === r.target.id ? ". It still says " : ". It says ",
			/* @__PURE__ */ G($, { text: a.text }),
			" ",
			/* @__PURE__ */ G("span", {
				class: "small",
				children: Y(a.probability)
			}),
			a.id === r.target.id ? "." : " instead.",
			" ",
			s.length > 0 ? /* @__PURE__ */ G(x, { children: [
				"Read by",
				" ",
				s.map((e) => /* @__PURE__ */ G(x, { children: [/* @__PURE__ */ G(Q, { part: V(e) }), " "] }, `${e.layer} ${e.head}`))
			] }) : null,
			c && c.position !== r.position && t.data.host !== "report" ? /* @__PURE__ */ G("button", {
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
					cs(n),
					"?"
				]
			}) : null
		]
	});
}
function bs({ explained: e }) {
	let t = R(), n = e.predictions.filter((t) => t.id !== e.target.id).slice(0, us), { vs: r } = t.state.value, i = t.data.host === "report";
	return /* @__PURE__ */ G("p", {
		class: "alternatives",
		children: [
			/* @__PURE__ */ G("span", { children: "or" }),
			n.map((e) => /* @__PURE__ */ G("button", {
				type: "button",
				class: "alternative",
				disabled: i,
				title: "Explain this token",
				onClick: () => t.set({ target: yn(e) }),
				children: [
					/* @__PURE__ */ G($, { text: e.text.trim() === "" ? e.text : e.text.trim() }),
					" ",
					/* @__PURE__ */ G("span", {
						class: "small",
						children: Y(e.probability)
					})
				]
			}, e.id)),
			/* @__PURE__ */ G("label", {
				class: "compare-with",
				children: [/* @__PURE__ */ G("span", {
					class: "hidden",
					children: "Compare with"
				}), /* @__PURE__ */ G("select", {
					value: r ?? "",
					disabled: i,
					onChange: (e) => t.set({ vs: e.currentTarget.value || null }),
					children: [
						/* @__PURE__ */ G("option", {
							value: "",
							children: r === null ? "compare with …" : "compare with nothing"
						}),
						r === null || n.some((e) => e.text === r) ? null : /* @__PURE__ */ G("option", {
							value: r,
							children: ["against ", X(r)]
						}),
						n.filter((e) => !e.text.includes("�") && e.text !== "").map((e) => /* @__PURE__ */ G("option", {
							value: e.text,
							children: ["against ", X(e.text)]
						}, e.id))
					]
				})]
			})
		]
	});
}
function xs(e) {
	let { explained: t, tested: n } = e, r = n?.words;
	if (!n) return /* @__PURE__ */ G("p", {
		class: "key",
		children: "Each word is being taken away, to see what is left …"
	});
	if (!r) return /* @__PURE__ */ G("p", {
		class: "key",
		children: n.control ? "No word can be taken away here." : "No word was taken away: this was made without its tests."
	});
	let i = vs(t.target.text), a = t.reference.kind === "versus" ? `the lead of ${i}, in logits,` : `the probability of ${i}`, o = r.units.some((e) => e.mark === "first");
	return /* @__PURE__ */ G("p", {
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
			/* @__PURE__ */ G("span", {
				class: "swatch falls",
				"aria-hidden": "true"
			}),
			" ↓ it falls, ",
			/* @__PURE__ */ G("span", {
				class: "swatch rises",
				"aria-hidden": "true"
			}),
			" ↑ it rises.",
			o ? /* @__PURE__ */ G(x, { children: [
				" ",
				/* @__PURE__ */ G("span", {
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
var Ss = {
	why: ws,
	parts: Ts,
	graph: Es,
	tests: Ds,
	compare: Os,
	facts: ks,
	continue: As
};
function Cs() {
	let { view: e } = R().state.value, t = Ss[e];
	return /* @__PURE__ */ G("div", {
		class: `view view-${e}`,
		children: /* @__PURE__ */ G(t, {})
	});
}
function ws() {
	let e = R();
	return /* @__PURE__ */ G(x, { children: [
		/* @__PURE__ */ G(Ro, {}),
		/* @__PURE__ */ G(fs, {}),
		/* @__PURE__ */ G(fi, {}),
		/* @__PURE__ */ G("div", {
			class: "beside",
			children: [
				e.state.value.selection ? /* @__PURE__ */ G(pa, {}) : null,
				/* @__PURE__ */ G(No, {}),
				/* @__PURE__ */ G(Ea, {})
			]
		})
	] });
}
function Ts() {
	return /* @__PURE__ */ G(x, { children: [
		/* @__PURE__ */ G(Jo, {}),
		/* @__PURE__ */ G("div", {
			class: "column column-middle",
			children: [/* @__PURE__ */ G(po, {}), /* @__PURE__ */ G(Ho, {})]
		}),
		/* @__PURE__ */ G("div", {
			class: "column column-right",
			children: [
				/* @__PURE__ */ G(pa, {}),
				/* @__PURE__ */ G(ko, {}),
				/* @__PURE__ */ G(Pr, {})
			]
		})
	] });
}
function Es() {
	return /* @__PURE__ */ G(x, { children: [/* @__PURE__ */ G(Yi, {}), /* @__PURE__ */ G(pa, {})] });
}
function Ds() {
	return /* @__PURE__ */ G(x, { children: [/* @__PURE__ */ G(Fo, {}), /* @__PURE__ */ G(pa, {})] });
}
function Os() {
	return /* @__PURE__ */ G(x, { children: [/* @__PURE__ */ G(Oi, {}), /* @__PURE__ */ G(Io, {})] });
}
function ks() {
	return /* @__PURE__ */ G(eo, {});
}
function As() {
	return /* @__PURE__ */ G(x, { children: [/* @__PURE__ */ G(Io, {}), /* @__PURE__ */ G(ra, {})] });
}
// src/App.tsx
function js({ page: e }) {
	let t = je(null);
	return ke(() => e.link(), [e]), ke(() => t.current ? kt(e, t.current) : void 0, [e]), /* @__PURE__ */ G(Dt.Provider, {
		value: e,
		children: /* @__PURE__ */ G("div", {
			class: "unembed",
			ref: t,
			children: [
				/* @__PURE__ */ G(Rn, {}),
				/* @__PURE__ */ G(Ms, { page: e }),
				/* @__PURE__ */ G(Kn, {}),
				/* @__PURE__ */ G("p", {
					class: "toast",
					role: "status",
					children: e.said.value
				})
			]
		})
	});
}
function Ms({ page: e }) {
	let t = e.asked(), n = e.state.value, r = z(t ? {
		ask: "explain",
		...wn(n),
		test: !1,
		top: 10
	} : null), i = r?.result ?? null;
	return ke(() => {
		i && e.take(i, n), (!t || r?.error) && e.take(null, n);
	}, [
		i,
		r?.error,
		t
	]), t ? /* @__PURE__ */ G(x, { children: [r && !i ? /* @__PURE__ */ G("div", {
		class: "panel",
		children: /* @__PURE__ */ G(K, { answer: r })
	}) : null, /* @__PURE__ */ G("main", {
		class: i ? "" : "stale",
		children: /* @__PURE__ */ G(Cs, {})
	})] }) : /* @__PURE__ */ G(Jn, {});
}
// src/styles.css?inline
var Ns = ".unembed{--ground:#fbfbf9;--panel:#fff;--ink:#1b1b1a;--dim:#5a5a57;--line:#d4d4cf;--accent:#7a3e00;--chosen:#fde3c4;--hover:#f4f1ea;--positive:#b35806;--positive-ink:#8a4300;--negative-ink:#542788;--negative:#542788;--error:#a3123a;--mark:#fdc98f;--mark-negative:#d3cbe6;color:var(--ink);background:var(--ground);min-height:100%;font:14px/1.45 system-ui,sans-serif;container-type:inline-size}@media (prefers-color-scheme:dark){.unembed{--ground:#161615;--panel:#1f1f1e;--ink:#ececea;--dim:#b0b0ab;--line:#44443f;--accent:#fdb863;--chosen:#5a3a12;--hover:#2a2a28;--positive:#fdb863;--positive-ink:#fdb863;--negative-ink:#c9c0ea;--negative:#b9aee0;--error:#ff9db4;--mark:#8a4f14;--mark-negative:#584882;--lightningcss-light: ;--lightningcss-dark:initial;color-scheme:dark}}body:has(>#unembed>div>.unembed) .unembed{min-height:100vh}body:has(>#unembed>div>.unembed){--lightningcss-light:initial;--lightningcss-dark: ;color-scheme:light dark;background:canvas;max-width:none;margin:0;padding:0}@media (prefers-color-scheme:dark){body:has(>#unembed>div>.unembed){--lightningcss-light: ;--lightningcss-dark:initial}}.unembed *{box-sizing:border-box}.unembed main{max-width:1230px;margin:0 auto;padding:18px 24px 60px}.unembed .view{grid-template-columns:minmax(0,1fr);align-items:start;gap:16px;display:grid}.unembed .view>div:empty{display:none}.unembed .column,.unembed .beside{grid-template-columns:minmax(0,1fr);align-content:start;gap:16px;min-width:0;display:grid}@container (width>=900px){.unembed .view-why{grid-template-columns:minmax(0,1.8fr) minmax(0,1fr)}.unembed .view-parts{grid-template-columns:minmax(0,1.2fr) minmax(0,1fr)}:is(.unembed .view-graph:has(.panel-inspector dl),.unembed .view-tests,.unembed .view-continue){grid-template-columns:minmax(0,2fr) minmax(0,1fr)}.unembed .panel-sentence,.unembed .panel-words,.unembed .panel-strip,.unembed .panel-compare{grid-column:1/-1}.unembed .panel-inspector{max-height:96vh;position:sticky;top:8px;overflow:auto}}@container (width<=899px){.unembed main{padding:12px 10px 40px}.unembed .panel-inspector:has(.test){z-index:2;max-height:45vh;position:sticky;bottom:0;overflow:auto;box-shadow:0 -2px 12px #00000040}}@container (width>=1600px){.unembed{font-size:16px}.unembed main{max-width:1760px}.unembed .view-why .beside{grid-template-columns:minmax(0,1fr)}.unembed .view-parts{grid-template-columns:minmax(0,1.1fr) minmax(0,1fr)}}@container (width>=2400px){.unembed main{max-width:2600px;font-size:22px}}.unembed .toast:empty{display:none}.unembed .toast{width:-moz-fit-content;width:fit-content;max-width:90%;color:var(--panel);background:var(--ink);z-index:3;border-radius:8px;margin:0 auto;padding:6px 14px;position:sticky;bottom:12px}@media (prefers-reduced-motion:reduce){.unembed *{scroll-behavior:auto}}.unembed h1,.unembed h2,.unembed h3{margin:0 0 4px;font-size:1.05em}.unembed .close{float:right;border:0;font-size:1.2em;line-height:1}.unembed h1{font-size:1.25em}.unembed h3{margin-top:12px}.unembed .note{color:var(--dim);overflow-wrap:anywhere;margin:2px 0 6px}.unembed .error{color:var(--error);white-space:pre-wrap;overflow-wrap:anywhere}.unembed .stale{opacity:.6}.unembed .title,.unembed .fields,.unembed .controls,.unembed .window{flex-wrap:wrap;align-items:center;gap:6px 10px;margin:0 0 6px;display:flex}.unembed input,.unembed textarea,.unembed select,.unembed button{font:inherit;color:var(--ink);background:var(--panel);border:1px solid var(--dim);border-radius:4px;max-width:100%;padding:3px 8px}.unembed input[type=range]{accent-color:var(--accent);padding:0}.unembed textarea{resize:vertical;width:100%}.unembed input[type=text],.unembed input[type=search]{width:9em}.unembed button{cursor:pointer}.unembed button:hover:not(:disabled){background:var(--hover)}.unembed button:disabled{cursor:default;color:var(--dim);border-style:dashed}.unembed button[aria-pressed=true]{background:var(--chosen);border-color:var(--accent);font-weight:600}.unembed :focus-visible{outline:2px solid var(--accent);outline-offset:1px}.unembed kbd{border:1px solid var(--line);border-radius:3px;padding:0 4px;font:.85em ui-monospace,monospace}.unembed .hidden{clip-path:inset(50%);white-space:nowrap;width:1px;height:1px;position:absolute;overflow:hidden}.unembed .small,.unembed .index{color:var(--dim);font-size:.85em}.unembed .choosable{cursor:pointer}.unembed dl{margin:0 0 8px}.unembed dl>div{grid-template-columns:8.5em minmax(0,1fr);padding:1px 0;display:grid}.unembed dt{color:var(--dim)}.unembed dd{margin:0}.unembed fieldset{border:1px solid var(--line);border-radius:4px;min-width:0;margin:0}.unembed .axis{stroke:var(--dim)}.unembed span.positive.number{color:var(--positive-ink)}.unembed span.negative.number{color:var(--negative-ink)}.unembed .bar{background:linear-gradient(var(--line), var(--line)) center / 1px 100% no-repeat;border-left:1px solid #0000;min-width:60px;height:.8em;display:block;position:relative}.unembed .bar span{position:absolute;top:0;bottom:0}.unembed .bar .positive{background:var(--positive);left:50%}.unembed .bar .negative{background:repeating-linear-gradient(45deg, var(--negative) 0 3px, transparent 3px 5px);right:50%}.unembed .grid{max-height:70vh;overflow:auto}.unembed .grid canvas{color:var(--ink);display:block}.unembed .told{min-height:2.9em;color:var(--dim);overflow-wrap:anywhere;margin:2px 0}.unembed .outcome{font-variant-numeric:tabular-nums}.unembed .panel{background:var(--panel);border:1px solid var(--line);border-radius:12px;min-width:0;padding:14px 18px}.unembed .side-by-side{grid-template-columns:repeat(auto-fit,minmax(min(210px,100%),1fr));gap:8px;display:grid}.unembed .side-by-side.wide{grid-template-columns:repeat(auto-fit,minmax(min(420px,100%),1fr));gap:8px 24px}.unembed .side-by-side>*{min-width:0}.unembed .part{padding:0 6px}.unembed table{border-collapse:collapse;width:100%}.unembed caption{text-align:left;color:var(--dim)}.unembed th,.unembed td{text-align:left;vertical-align:baseline;padding:2px 6px;font-weight:400}.unembed thead th{color:var(--dim);border-bottom:1px solid var(--line)}.unembed .number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}.unembed .scroll{max-width:100%;position:relative;overflow:auto}.unembed .twin .scroll{max-height:24em}.unembed .others td,.unembed .sum td,.unembed .others th{color:var(--dim)}.unembed .sum td{border-bottom:1px solid var(--line)}.unembed .total>*{border-top:2px solid var(--line);font-weight:600}.unembed .total td[colspan]{font-weight:400}@container (width<=520px){.unembed .wide-only{display:none}.unembed th,.unembed td{padding:2px 3px}}.unembed .big{font-variant-numeric:tabular-nums;margin:4px 0;font-size:1.3em}.unembed .scale{width:100%;max-width:420px}.unembed .band{fill:var(--line)}.unembed .move{stroke:var(--accent);stroke-width:2px}.unembed .before{fill:var(--panel);stroke:var(--accent);stroke-width:2px}.unembed .after{fill:var(--accent)}.unembed .token-text{white-space:pre-wrap;overflow-wrap:anywhere}.unembed .chip{border:1px solid var(--line);border-radius:4px;margin:1px 2px 1px 0;padding:0 5px;display:inline-block}.unembed .strip{flex-wrap:wrap;gap:4px;max-height:60vh;margin:4px 0;padding:3px;list-style:none;display:flex;overflow:auto}.unembed .token{justify-items:center;padding:1px 8px;display:grid}.unembed .token[style] .index{color:inherit}.unembed .token[aria-pressed=true]{box-shadow:0 0 0 2px var(--accent)}.unembed .multiples{grid-template-columns:repeat(auto-fill,minmax(min(140px,100%),1fr));gap:8px;margin:0;padding:0;list-style:none;display:grid}.unembed .strips{width:100%;height:34px;margin-top:2px;display:block}.unembed .panel-carried table{min-width:520px}.unembed .panel-carried th,.unembed .panel-carried td{vertical-align:middle;border-bottom:1px solid color-mix(in srgb, var(--line) 60%, transparent);padding:5px 8px 5px 0}.unembed .panel-carried thead th{vertical-align:bottom;font-size:.9em}.unembed .panel-carried .number{padding-right:14px}.unembed .panel-carried thead .without-column{width:24%;min-width:110px;padding-bottom:1.9em;position:relative}.unembed .mark-before{white-space:nowrap;color:var(--ink);font-size:.9em;position:absolute;bottom:0;transform:translate(-50%)}.unembed .mark-before:after{content:\"▾\";text-align:center;line-height:.6;display:block}.unembed .left{background:color-mix(in srgb, var(--line) 55%, transparent);border-radius:3px;height:.85em;display:block;position:relative}.unembed .left i{background:var(--positive);border-radius:3px;position:absolute;inset:0 auto 0 0}.unembed .left.more i{background:repeating-linear-gradient(135deg, var(--negative) 0 3px, transparent 3px 6px);outline:1px solid var(--negative)}.unembed .left b{background:var(--ink);width:2px;position:absolute;top:-4px;bottom:-4px}.unembed .tag{white-space:nowrap;border:1px solid var(--line);border-radius:99px;padding:1px 8px;font-size:.87em}.unembed .tag.carries{background:color-mix(in srgb, var(--mark) 45%, transparent);border-color:#0000}.unembed .tag.holds-back{background:color-mix(in srgb, var(--mark-negative) 60%, transparent);border-color:#0000}.unembed .controls.end{justify-content:flex-end}@container (width<=520px){.unembed .panel-carried table{min-width:0}.unembed .panel-carried table .wide-only{display:none}.unembed .panel-carried .tag,.unembed .panel-carried td.number{white-space:normal}}.unembed .columns{width:auto}.unembed .columns td{text-align:center}.unembed .columns .token-text{white-space:pre}.unembed .columns .differs{background:var(--chosen)}.unembed .columns .alone{outline:1px dashed var(--accent);outline-offset:-2px}.unembed .neurons{flex-wrap:wrap;gap:3px;display:inline-flex}.unembed .fact label,.unembed .fact select{max-width:100%}.unembed .fact fieldset{margin-top:8px}.unembed .stacked textarea{display:block}.unembed .flow text{fill:var(--ink);text-anchor:middle;font-size:11px}.unembed .flow .column{fill:var(--dim)}.unembed .flow .spot rect{fill:var(--panel);stroke:var(--dim)}.unembed .flow .spot:is(.hovered,.choosable:hover) rect{fill:var(--hover)}.unembed .flow .spot.choosable[aria-pressed=true]>rect:first-child{fill:var(--chosen);stroke:var(--accent);stroke-width:2px}.unembed .edge{fill:none;opacity:.75}.unembed .edge.positive{stroke:var(--positive)}.unembed .edge.negative{stroke:var(--negative);stroke-dasharray:5 3}.unembed .top{background:var(--panel);border-bottom:1px solid var(--line)}.unembed .title{border-bottom:1px solid var(--line);align-items:end;margin:0;padding:10px 24px}.unembed .title h1,.unembed .title .model{align-self:center;margin:0}.unembed .model{color:var(--dim);border:1px solid var(--line);border-radius:99px;padding:1px 10px;font-size:.9em}.unembed .fields{align-items:end}.unembed .title .fields{flex:320px;margin:0}.unembed .fields label{color:var(--dim);gap:2px;min-width:0;font-size:.9em;display:grid}.unembed .fields label.wide{flex:260px}.unembed .find{color:var(--dim);gap:2px;font-size:.9em;display:grid}.unembed .bar-of-views{flex-wrap:wrap;justify-content:space-between;align-items:center;gap:0 16px;padding:0 24px;display:flex}.unembed nav{flex-wrap:wrap;display:flex}.unembed nav a{color:var(--dim);border-bottom:2px solid #0000;padding:9px 12px;text-decoration:none}.unembed nav a:hover{color:var(--ink)}.unembed nav a[aria-current]{color:var(--ink);border-color:var(--accent);font-weight:600}.unembed .options summary{color:var(--dim);cursor:pointer}.unembed .options .fields{margin:0;padding:4px 0 8px}@container (width<=899px){.unembed .title,.unembed .bar-of-views{padding-left:10px;padding-right:10px}.unembed nav a{padding:8px 7px}}.unembed dialog{color:var(--ink);background:var(--panel);border:1px solid var(--dim);border-radius:6px;max-width:min(520px,92vw)}.unembed .curve{width:100%;height:auto;display:block}.unembed .curve text{fill:var(--dim);font:11px system-ui,sans-serif}.unembed .curve .strong{fill:var(--ink);font-weight:600}.unembed .curve polyline{fill:none;stroke:var(--positive);stroke-width:2.5px}.unembed .curve circle{fill:var(--positive)}.unembed .grid-line{stroke:var(--line)}.unembed .layers{width:100%;max-width:640px}.unembed .layers .positive{fill:var(--positive)}.unembed .layers .negative{fill:var(--negative)}.unembed .layers text{fill:var(--dim);text-anchor:middle;font-size:8px}.unembed .ledger .name{white-space:nowrap;text-overflow:ellipsis;max-width:17em;overflow:hidden}.unembed .ledger .wide-only{width:30%}.unembed .ledger .twisty{cursor:pointer;width:1.2em;display:inline-block}.unembed .ledger .level-2 .name{padding-left:1.6em}.unembed .ledger .level-3 .name{padding-left:3.2em}.unembed .ledger tr:hover,.unembed .ledger tr.hovered{background:var(--hover)}.unembed .ledger tr[aria-selected=true]{background:var(--chosen)}.unembed .looked th{white-space:nowrap;width:1%;font-weight:600}.unembed .looked .rest{background:var(--line)}.unembed .pins{gap:4px;margin:0 0 6px;padding:0;list-style:none;display:grid}.unembed .pins li{border-bottom:1px solid var(--line);padding-bottom:10px}.unembed .pins .controls{margin:4px 0}.unembed .predictions td:last-child{width:45%}.unembed .amount{min-width:50px;height:.8em;display:block}.unembed .amount span{background:var(--positive);height:100%;display:block}.unembed .panel-sentence{background:0 0;border:0;padding:0}.unembed .sentence{letter-spacing:-.01em;overflow-wrap:anywhere;max-width:62ch;min-height:8.7em;margin:0;font-size:1.4em;line-height:1.45}@container (width>=900px){.unembed .sentence{min-height:4.35em;font-size:1.7em}}.unembed .said-token{font-weight:650}.unembed .said-number{font-variant-numeric:tabular-nums;color:var(--accent);font-weight:650}.unembed .sentence button{border:0;border-bottom:2px solid var(--mark);background:0 0;border-radius:0;padding:0;font-weight:650}.unembed .sentence button[aria-pressed=true]{background:var(--chosen)}.unembed .waiting{color:var(--dim);font-size:.7em}.unembed .start{max-width:720px;font-size:1.15em}.unembed .start h2{font-size:1.6em}.unembed .start ul{gap:8px;padding:0;list-style:none;display:grid}.unembed .start button{text-align:start;border-color:var(--line);border-radius:8px;width:100%;padding:10px 14px}.unembed .start .small{display:block}.unembed .panel-strongest table{min-width:460px}.unembed .panel-strongest .shown-for{font-weight:400;display:block}.unembed .panel-strongest td:last-child{min-width:96px}.unembed .panel-strongest .outcome>span:first-child,.unembed .panel-strongest .verdict>span:first-child{white-space:nowrap}.unembed .token.found{outline:2px dashed var(--accent);outline-offset:1px}.unembed .panel-strip .note{min-height:4.4em}@container (width>=820px){.unembed .panel-strip .note{min-height:2.9em}}@container (width>=1250px){.unembed .panel-strip .note{min-height:1.45em}}.unembed .sign{text-align:center;white-space:nowrap;width:6ch;font-size:.85em}.unembed .role{display:block}.unembed .text{overflow-wrap:anywhere;max-height:60vh;padding:2px 2px 6px;font:500 1.75em/1.6 ui-serif,Georgia,DejaVu Serif,serif;overflow:auto}.unembed .word{vertical-align:top;font:inherit;color:var(--ink);text-align:start;background:0 0;border:0;border-radius:6px;justify-items:center;margin:0 0 .15em;padding:0;line-height:1.3;display:inline-grid}.unembed .word-text{text-align:center;border-radius:6px;min-width:100%;padding:2px 6px 3px}.unembed .unread{vertical-align:top;color:var(--dim);white-space:pre-wrap;margin:0;padding:2px 0;line-height:1.3;display:inline-block}.unembed .word small{white-space:nowrap;color:var(--dim);font-variant-numeric:tabular-nums;padding:0 2px;font:.46em/1.7 system-ui,sans-serif}.unembed .word:hover:not(:disabled){background:0 0}.unembed .word:hover .word-text{outline:2px solid var(--accent)}.unembed .word[aria-pressed=true]{font-weight:inherit;background:0 0}.unembed .word[aria-pressed=true] .word-text{box-shadow:0 0 0 2px var(--accent)}.unembed .word.first .word-text{background:repeating-linear-gradient(135deg, var(--mark) 0 4px, transparent 4px 9px)}.unembed .word.last .word-text{box-shadow:inset 0 0 0 1.5px var(--line)}.unembed .turn{color:var(--dim);text-transform:uppercase;letter-spacing:.06em;font:.5em/1.6 system-ui,sans-serif;display:block}.unembed .answer{white-space:nowrap}.unembed .arrow{color:var(--dim);padding:0 10px}.unembed .said{font:inherit;border:2px solid var(--accent);color:var(--accent);background:0 0;border-radius:8px;padding:1px 12px;font-weight:600;line-height:1.3}.unembed .said .small{font:500 .55em system-ui,sans-serif}.unembed .alternatives{color:var(--dim);flex-wrap:wrap;align-items:center;gap:6px 8px;margin:6px 0;display:flex}.unembed .alternative{border-color:var(--line);border-radius:99px;padding:1px 10px}.unembed .compare-with select{border-color:var(--line)}.unembed .without{overflow-wrap:anywhere;min-height:1.6em;margin:8px 0 4px}.unembed .key{color:var(--dim);margin:4px 0 0;font-size:.9em}.unembed .swatch{border:1px solid var(--line);border-radius:3px;width:1em;height:.8em;display:inline-block}.unembed .swatch.falls{background:var(--mark)}.unembed .swatch.rises{background:var(--mark-negative)}.unembed .swatch.hatched{background:repeating-linear-gradient(135deg, var(--mark) 0 3px, transparent 3px 6px)}.unembed .text.long{max-height:45vh;font-size:1.1em}.unembed .text.long .word{display:inline}.unembed .text.long .word-text{-webkit-box-decoration-break:clone;box-decoration-break:clone;padding:1px 3px}.unembed .text.long .word small{font-size:.75em}";
// src/main.tsx
function Ps(e, t, n) {
	Fs(n);
	let r = document.createElement("div");
	return n.replaceChildren(r), pe(/* @__PURE__ */ G(js, { page: new Sn(e, t) }), r), () => pe(null, r);
}
function Fs(e) {
	let t = e.getRootNode(), n = t instanceof ShadowRoot ? t : document.head;
	if (n.querySelector("style[data-unembed]")) return;
	let r = document.createElement("style");
	r.dataset.unembed = "", r.textContent = Ns, n.append(r);
}
function Is({ model: e, el: t }) {
	let n = e.get("data");
	return Ps({
		...n,
		host: "widget"
	}, n.live === !1 ? Nn(n.results) : Pn(e), t);
}
var Ls = document.getElementById("unembed"), Rs = document.getElementById("unembed-data")?.textContent;
if (Ls && Rs) {
	let e = JSON.parse(Rs);
	Ps(e, e.host === "report" ? Nn(e.results) : En(e.token), Ls);
}
var zs = { render: Is };
export { zs as default };
