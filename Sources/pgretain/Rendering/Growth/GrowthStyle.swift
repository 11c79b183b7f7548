/// How the page looks: on a screen, on a phone, in the dark, on paper.
enum GrowthStyle {
    static let sheet = """
        :root{--paper:#f4f5f8;--card:#fff;--ink:#1a2233;--soft:#5b667a;--line:#dfe3ea;\
        --heap:#2f6fde;--index:#7fb0f5;--toast:#f2b35d;--others:#c9d0dc;--gone:#12a085;\
        --forecast:#1a2233;--range:rgba(47,111,222,.17);--limit:#d23f4b;--strange:#d23f4b;\
        --other:#8a4fd0}
        @media (prefers-color-scheme:dark){:root{--paper:#10141c;--card:#191f2b;--ink:#e8ecf4;\
        --soft:#9aa6ba;--line:#2b3444;--heap:#5b93f5;--index:#36598f;--toast:#d3974a;\
        --others:#3a4557;--gone:#2fbf9f;--forecast:#e8ecf4;--range:rgba(120,165,250,.2);\
        --limit:#ff7580;--strange:#ff7580;--other:#b98cf2}}
        *{box-sizing:border-box}
        body{margin:0;background:var(--paper);color:var(--ink);\
        font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
        header,main,footer{max-width:1200px;margin:0 auto;padding:0 20px}
        header{padding-top:28px}
        h1{font-size:1.7rem;line-height:1.2;margin:0;overflow-wrap:anywhere}
        h2{font-size:1.25rem;margin:0 0 4px;overflow-wrap:anywhere}
        header p,footer,.promise{color:var(--soft);margin:4px 0 0}
        .promise strong{color:var(--ink);font-weight:600}
        footer{padding:28px 20px;font-size:.85rem}
        section{margin-top:34px}
        .facts{display:grid;grid-template-columns:repeat(4,minmax(0,1fr));gap:12px;\
        margin:14px 0}
        .fact,.card{background:var(--card);border:1px solid var(--line);border-radius:12px}
        .fact{padding:12px 14px}
        dt{color:var(--soft);font-size:.8rem}
        dd{margin:2px 0 0;font-size:1.15rem;font-weight:600;line-height:1.3;overflow-wrap:anywhere}
        dd small{display:block;color:var(--soft);font-size:.8rem;font-weight:400}
        .cards{display:grid;grid-template-columns:repeat(2,minmax(0,1fr));gap:14px}
        .fact.main{grid-column:span 2}
        .facts.beside{grid-template-columns:repeat(2,minmax(0,1fr));margin:0;align-content:start}
        .beside .main dd{font-size:1.5rem}.beside .main dd small{font-size:.9rem;margin-top:4px}
        section>.cards:first-of-type{margin-top:14px}
        .card{margin:0;padding:14px 16px}
        figcaption{font-weight:600;display:flex;flex-wrap:wrap;gap:2px 14px;margin-bottom:8px}
        .legend{font-weight:400;font-size:.8rem;color:var(--soft);display:flex;flex-wrap:wrap;\
        gap:2px 12px;align-items:center}
        .legend i{display:inline-block;width:10px;height:10px;border-radius:3px;margin-right:5px}
        i.heap{background:var(--heap)}i.index{background:var(--index)}\
        i.toast{background:var(--toast)}i.gone{background:var(--gone)}\
        i.others{background:var(--others)}i.tables{background:var(--heap)}\
        i.range{background:var(--range)}i.strange{background:var(--strange)}
        .legend i.forecast,.legend i.limit,.legend i.other{height:3px;width:16px;\
        vertical-align:middle;background:var(--forecast)}
        .legend i.limit{background:var(--limit)}.legend i.other{background:var(--other)}
        svg{display:block;width:100%;height:auto}
        svg text{font:11px system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;\
        fill:var(--soft)}
        svg .word{fill:var(--ink);paint-order:stroke;stroke:var(--card);stroke-width:3px}
        .end{text-anchor:end}.middle{text-anchor:middle}
        .grid,.notch{stroke:var(--line);stroke-width:1}
        .now{stroke:var(--soft);stroke-width:1;stroke-dasharray:2 3}
        polygon.heap,rect.heap,polygon.tables{fill:var(--heap)}
        polygon.index{fill:var(--index)}polygon.toast,rect.toast{fill:var(--toast)}
        polygon.others{fill:var(--others)}polygon.range{fill:var(--range)}
        rect.gone{fill:var(--gone)}rect.strange,circle.strange{fill:var(--strange)}
        polyline{fill:none;stroke-width:1.8;stroke-linejoin:round}
        .forecast{stroke:var(--forecast)}.other{stroke:var(--other);stroke-dasharray:5 3}
        .limit{stroke:var(--limit);stroke-width:1.5;stroke-dasharray:6 3}
        .remarks{list-style:none;padding:0;margin:14px 0;display:grid;gap:8px}
        .remarks li{background:var(--card);border:1px solid var(--line);\
        border-left:4px solid var(--soft);border-radius:8px;padding:8px 12px;font-size:.92rem;\
        overflow-wrap:anywhere}
        .remarks .unusual{border-left-color:var(--toast)}
        .remarks .problem{border-left-color:var(--limit)}
        .remarks small{display:block;color:var(--soft)}
        h3{font-size:1.05rem;margin:22px 0 10px}h3 small{color:var(--soft);font-weight:400}
        .shared{grid-template-columns:repeat(4,minmax(0,1fr))}
        .shares td{white-space:normal;padding:5px 0;overflow-wrap:anywhere;vertical-align:top}
        .shares td+td{white-space:nowrap;padding-left:14px}
        .shares small{display:block;color:var(--soft)}.shares svg{height:4px;margin-top:4px}
        .shares tr+tr{border:0}
        details{margin:14px 0}summary{cursor:pointer;font-weight:600}
        .scroll{overflow-x:auto;background:var(--card);border:1px solid var(--line);\
        border-radius:12px;margin-top:8px}
        table{border-collapse:collapse;width:100%;font-size:.9rem;\
        font-variant-numeric:tabular-nums}
        th,td{padding:6px 14px;text-align:right;white-space:nowrap}
        th{color:var(--soft);font-weight:500;font-size:.8rem}
        th:first-child,td:first-child{text-align:left}
        tr+tr{border-top:1px solid var(--line)}
        @media (max-width:760px){header,main,footer{padding-left:12px;padding-right:12px}\
        .cards,.shared{grid-template-columns:minmax(0,1fr)}\
        .facts{grid-template-columns:repeat(2,minmax(0,1fr));gap:8px}\
        .fact,.card{padding:10px 12px}th,td{padding:6px 10px}svg text{font-size:13px}}
        @media print{:root{--paper:#fff}.card,.fact,li{break-inside:avoid}\
        body{font-size:11pt;-webkit-print-color-adjust:exact;print-color-adjust:exact}}
        """
}
