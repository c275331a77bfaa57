namespace Routing.Selection;

/// <summary>What a record of a model proves.</summary>
/// <param name="Low">At least this share of its calls succeeds, with 95 % confidence.</param>
/// <param name="High">At most this share does.</param>
readonly record struct Evidence(double Requests, double Low, double High)
{
    /// <summary>Fewer (weighted) requests prove nothing.</summary>
    public const double LeastRequests = 20;

    /// <summary>A model of which at most this share of calls succeeds goes behind those that do better.</summary>
    public const double Failing = 0.7;

    const double Z = 1.959964; // 95 %

    public bool IsFailing => High < Failing;

    public double StandardError => (High - Low) / (2 * Z);

    /// <summary>Null when there is too little of it.</summary>
    public static Evidence? Of(ModelRecord? record) => record is { Requests: >= LeastRequests } known ? new(known.Requests, Math.Clamp(known.SuccessLow, 0, 1), UpperEnd(known)) : null;

    /// <summary>
    /// The other end of Wilson's interval follows from its lower end: both are the roots π of (p − π)² = z² π (1 − π) / n
    /// (E. B. Wilson, "Probable inference, the law of succession, and statistical inference", 1927).
    /// </summary>
    static double UpperEnd(ModelRecord record)
    {
        var (n, low) = (record.Requests, Math.Clamp(record.SuccessLow, 0, 1));
        var share = Math.Min(1, low + Z * Math.Sqrt(low * (1 - low) / n));
        var centre = (share + Z * Z / (2 * n)) / (1 + Z * Z / n);
        return Math.Clamp(2 * centre - low, low, 1);
    }
}
