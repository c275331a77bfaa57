namespace Routing.Performance;

/// <summary>
/// The score interval for a share (E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22, 1927): unlike
/// the normal one it holds for few trials and for shares near 0 and 1. Weighted numbers may be given; older trials that weigh less make it wider.
/// </summary>
public static class Wilson
{
    /// <summary>Of a two-sided interval of 95 %.</summary>
    const double Z = 1.959963984540054;

    /// <returns>The lower end; 0 without trials.</returns>
    public static double Low(double good, double all) => all <= 0 ? 0 : Math.Max(0, Middle(good, all) - Half(good, all));

    /// <returns>The upper end; 1 without trials.</returns>
    public static double High(double good, double all) => all <= 0 ? 1 : Math.Min(1, Middle(good, all) + Half(good, all));

    static double Middle(double good, double all) => (good / all + Z * Z / (2 * all)) / (1 + Z * Z / all);

    static double Half(double good, double all)
    {
        var share = good / all;
        return Z / (1 + Z * Z / all) * Math.Sqrt(share * (1 - share) / all + Z * Z / (4 * all * all));
    }
}
