using Xunit.Abstractions;

[assembly: TestCollectionOrderer("EndToEnd.LongestFirst", "EndToEnd")]

namespace EndToEnd;

/// <summary>Begins with the classes that take longest, so that no thread is left alone with one of them at the end.</summary>
public sealed class LongestFirst : ITestCollectionOrderer
{
    static readonly string[] Long =
        ["ChaosRunTests", "EngineFaultTests", "LineFaultTests", "WorkerFaultTests", "StopTests", "DatabaseFaultTests", "ClusterTests", "PoolerTests", "PoisonTests", "FailoverTests", "DoctorTests"];

    public IEnumerable<ITestCollection> OrderTestCollections(IEnumerable<ITestCollection> testCollections) =>
        testCollections.OrderBy(c => Array.FindIndex(Long, name => c.DisplayName.EndsWith($".{name}", StringComparison.Ordinal)) is var at && at >= 0 ? at : Long.Length);
}
