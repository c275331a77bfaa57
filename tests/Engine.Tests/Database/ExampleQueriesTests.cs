using Dapper;
using Support;

namespace Engine.Tests.Database;

/// <summary>What <c>db/README.md</c> shows operators can be asked by them.</summary>
public sealed class ExampleQueriesTests(TestDatabase db) : IClassFixture<TestDatabase>
{
    [Fact]
    public async Task Every_example_runs_for_the_reader()
    {
        var text = await File.ReadAllTextAsync(RepositoryFile.Path("db", "README.md"));
        var examples = text.Split("```sql\n").Skip(1).SelectMany(block => block.Split("```")[0].Split(";\n", StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)).ToList();
        await using var connection = await db.Reader.OpenConnectionAsync();

        Assert.NotEmpty(examples);
        foreach (var example in examples) await connection.QueryAsync(example.Replace("'…'", $"'{Guid.Empty}'", StringComparison.Ordinal));
    }
}
