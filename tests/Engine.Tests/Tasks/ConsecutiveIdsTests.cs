using Engine.Tasks;

namespace Engine.Tests.Tasks;

public sealed class ConsecutiveIdsTests
{
    [Theory]
    [InlineData("01a21f85-6c10-7269-af62-97b74414cedd")]
    [InlineData("01a21f85-6c10-7269-bfff-fffffffffffd")] // begins anew at zero
    public void They_are_different_ids_of_version_7_that_begin_with_the_first(string first)
    {
        var ids = ConsecutiveIds.From(Guid.Parse(first), 5000);

        Assert.Equal(Guid.Parse(first), ids[0]);
        Assert.Equal(5000, ids.Distinct().Count());
        Assert.All(ids, id => Assert.Equal((7, true), (id.Version, id.Variant is >= 8 and <= 11)));
        Assert.All(ids, id => Assert.Equal(first[..14], id.ToString()[..14])); // the time, and so the day whose table it belongs to
    }

    [Fact]
    public void They_are_in_order()
    {
        var ids = ConsecutiveIds.From(Guid.Parse("01a21f85-6c10-7269-af62-97b7441400fe"), 300);

        Assert.Equal(ids.Order(), ids);
        Assert.Equal(["01a21f85-6c10-7269-af62-97b7441400fe", "01a21f85-6c10-7269-af62-97b7441400ff", "01a21f85-6c10-7269-af62-97b744140100"], ids.Take(3).Select(id => id.ToString()));
    }
}
