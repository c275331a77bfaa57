using System.Text;

namespace Engine.Hosting.Telemetry;

public enum PrometheusKind
{
    Counter,
    Gauge,
    Histogram,
}

/// <summary>
/// How an instrument and its tags are called in Prometheus, after the rules of OpenTelemetry's compatibility specification
/// and of <c>promtool check metrics</c>.
/// </summary>
public static class PrometheusName
{
    /// <summary>Units of the UCUM as instruments give them.</summary>
    static readonly Dictionary<string, string> Units = new(StringComparer.Ordinal)
    {
        ["s"] = "seconds", ["ms"] = "milliseconds", ["us"] = "microseconds", ["ns"] = "nanoseconds",
        ["min"] = "minutes", ["h"] = "hours", ["d"] = "days",
        ["By"] = "bytes", ["kBy"] = "kilobytes", ["MBy"] = "megabytes", ["GBy"] = "gigabytes",
        ["KiBy"] = "kibibytes", ["MiBy"] = "mebibytes", ["GiBy"] = "gibibytes",
        ["m"] = "meters", ["V"] = "volts", ["A"] = "amperes", ["J"] = "joules", ["W"] = "watts", ["g"] = "grams",
        ["Cel"] = "celsius", ["Hz"] = "hertz", ["%"] = "percent",
    };

    /// <param name="unit">Null, or UCUM; what stands in braces is a remark and no unit.</param>
    public static string Of(string instrument, string? unit, PrometheusKind kind)
    {
        var name = Clean(instrument, "_");
        if (kind == PrometheusKind.Counter) name = Without(name, "_total");
        if (kind == PrometheusKind.Gauge) name = AsGauge(name);
        if (UnitName(unit, kind) is { Length: > 0 } suffix && !name.EndsWith("_" + suffix, StringComparison.Ordinal)) name += "_" + suffix;
        return kind == PrometheusKind.Counter ? name + "_total" : name;
    }

    /// <summary>Names that begin with two underscores and the ones a histogram uses itself are reserved.</summary>
    public static string OfLabel(string tag)
    {
        var name = Clean(tag, "key_");
        return name is "le" or "quantile" || name.StartsWith("__", StringComparison.Ordinal) ? "tag_" + name.TrimStart('_') : name;
    }

    /// <summary>A gauge must not end like a part of another type; a count of things is called by the things: <c>threads</c>.</summary>
    static string AsGauge(string name)
    {
        if (Without(name, "_count") is var things && things != name)
            return things[^1] switch
            {
                's' => things,
                'y' => things[..^1] + "ies",
                _ => things + "s",
            };
        return name.EndsWith("_total", StringComparison.Ordinal) || name.EndsWith("_sum", StringComparison.Ordinal)
            || name.EndsWith("_bucket", StringComparison.Ordinal) ? name + "_value" : name;
    }

    static string UnitName(string? unit, PrometheusKind kind)
    {
        if (string.IsNullOrEmpty(unit) || unit.Contains('{', StringComparison.Ordinal)) return "";
        if (unit == "1") return kind == PrometheusKind.Gauge ? "ratio" : "";
        return unit.Split('/', 2) is [var of, var per] ? $"{Unit(of)}_per_{Unit(per).TrimEnd('s')}" : Unit(unit);
    }

    static string Unit(string unit) => Units.TryGetValue(unit, out var name) ? name : Clean(unit, "").Trim('_');

    static string Without(string name, string end) =>
        name.Length > end.Length && name.EndsWith(end, StringComparison.Ordinal) ? name[..^end.Length] : name;

    /// <summary>Letters, digits and single underscores; <paramref name="beforeDigit"/> is put before a digit at the start.</summary>
    static string Clean(string name, string beforeDigit)
    {
        var clean = new StringBuilder(name.Length + 4);
        if (name.Length > 0 && char.IsAsciiDigit(name[0])) clean.Append(beforeDigit);
        foreach (var c in name)
        {
            if (char.IsAsciiLetterOrDigit(c)) clean.Append(c);
            else if (clean.Length == 0 || clean[^1] != '_') clean.Append('_');
        }
        return clean.Length == 0 ? "_" : clean.ToString();
    }
}
