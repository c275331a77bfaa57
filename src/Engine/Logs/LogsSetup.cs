using Crawlers.Logs.Counting;
using Crawlers.Logs.Groups;
using Crawlers.Logs.Sources;
using Crawlers.Logs.Triage;
using Engine.Schedules;
using Engine.Tasks;

namespace Engine.Logs;

/// <summary>The log crawler: reads sources, counts errors, tells of them, files tasks about them.</summary>
public static class LogsSetup
{
    public static void AddLogs(this IServiceCollection services)
    {
        services.AddSingleton<LogsMetrics>();
        services.AddSingleton<OtlpInbox>();
        services.AddSingleton<KnownErrors>();
        services.AddSingleton<LearnGroups>();
        services.AddSingleton<CarryOver>();
        services.AddSingleton<TakeSource>();
        services.AddSingleton<CommitCrawl>();
        services.AddSingleton<ListSources>();
        services.AddSingleton<OpenReader>();
        services.AddSingleton<CrawlStream>();
        services.AddSingleton<ListErrors>();
        services.AddSingleton<ChangeError>();
        services.AddSingleton<ReadLogStats>();
        services.AddSingleton<PutSource>();
        services.AddSingleton<PutRule>();
        services.AddSingleton<PutRepository>();
        services.AddSingleton<SweepLogs>();
        services.AddSingleton<IScheduledDuty, SweepLogsDuty>();
        services.AddHealthChecks().AddCheck<LogsHealth>("logs");
        services.AddSingleton<CloseFindings>();
        services.AddSingleton<TriageTrace>();
        services.AddSingleton<TriageError>();
        services.AddTaskKind<InvestigateErrorHandler, InvestigateError>(InvestigateError.TaskKind, kind => kind with { RunLimit = TimeSpan.FromMinutes(2) });
        services.AddSingleton<FileFindings>();
        services.AddHostedService(s => s.GetRequiredService<FileFindings>());
        services.AddSingleton<RunCrawls>();
        services.AddHostedService(s => s.GetRequiredService<RunCrawls>());
    }
}
