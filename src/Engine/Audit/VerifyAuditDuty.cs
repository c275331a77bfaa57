using System.Globalization;
using Engine.Schedules;

namespace Engine.Audit;

/// <summary>Recomputes the audit chain, so that tampering is noticed without anybody asking.</summary>
public sealed class VerifyAuditDuty(VerifyAudit verify) : IScheduledDuty
{
    const int Named = 3;

    public string Name => "verify_audit";

    public async Task<string> RunAsync(ScheduledFire fire, CancellationToken ct)
    {
        var verdict = await verify.RunAsync(expectedHead: null, ct);
        if (verdict.Intact)
            return string.Create(CultureInfo.InvariantCulture, $"{verdict.Entries} audit entries are intact, up to position {verdict.Head.Position}.");
        var problems = verdict.ProblemCount == 1 ? "problem" : "problems";
        throw new DutyFailedException(string.Create(CultureInfo.InvariantCulture, $"The audit log is not intact, {verdict.ProblemCount} {problems}: ")
            + string.Join(" ", verdict.Problems.Take(Named).Select(p => p.Message)));
    }
}
