using Routing.Catalog;

namespace Routing.Tests.Catalog;

public sealed class CompareCatalogTests
{
    [Fact]
    public void What_is_listed_as_it_was_changes_nothing()
    {
        var difference = Decide([Known("a"), Known("b", isGone: true)], [Model("a")]);

        Assert.True(difference.IsNothing);
        Assert.Empty(difference.Changes);
    }

    [Fact]
    public void New_gone_back_and_changed_models_are_told()
    {
        var difference = Decide([Known("stays"), Known("goes"), Known("comes", isGone: true), Known("grows"), Known("unread")],
            [Model("stays"), Model("is new"), Model("comes"), Model("grows") with { ContextTokens = 9 }], new LeftOutItem(7, "unread", "bad"));

        Assert.Equal([("is new", "new"), ("comes", "back"), ("grows", "changed"), ("goes", "gone")], difference.Changes.Select(c => (c.Slug, c.Kind)));
        Assert.Equal("""{"context_tokens":{"old":8,"new":9}}""", difference.Changes.Single(c => c.Slug == "grows").Detail.ToJsonString());
        Assert.Equal(["goes"], difference.Gone);
        Assert.Equal(["is new"], difference.Prices.Select(p => p.Slug));
    }

    public static TheoryData<string, ModelPrice?, ModelPrice?, string> Prices => new()
    {
        { "dearer input", new(1, 1), new(2, 1), "price_up" },
        { "cheaper output", new(1, 2), new(1, 1), "price_down" },
        { "one up, one down", new(1, 2), new(2, 1), "price_up" },
        { "a fee", new(1, 1), new(1, 1, RequestUsd: 1), "price_up" },
        { "a discount less", new(1, 1, Discount: 0.5m), new(1, 1), "price_up" },
        { "a discount", new(1, 1), new(1, 1, Discount: 0.5m), "price_down" },
        { "cache reads that cost as any other", new(2, 1, CacheReadUsd: 1), new(2, 1), "price_up" },
        { "a dearer override", new(1, 1), new(1, 1) { Overrides = [new(5, null, null, 2)] }, "price_up" },
        { "an override at other times", Night(60), Night(120), "changed" },
        { "not known any more", new(1, 1), null, "changed" },
        { "known now", null, new(1, 1), "changed" },
    };

    [Theory]
    [MemberData(nameof(Prices))]
    public void A_price_goes_up_down_or_another_way(string what, ModelPrice? before, ModelPrice? after, string kind)
    {
        var change = Assert.Single(Decide([Known("a") with { Model = Model("a") with { Price = before } }], [Model("a") with { Price = after }]).Changes);

        Assert.True(change.Kind == kind, $"{what} is {change.Kind}");
        Assert.Equal(["old", "new"], change.Detail.Select(d => d.Key));
    }

    [Theory]
    [InlineData(4, 2, false)]
    [InlineData(4, 1, true)]
    [InlineData(1, 0, true)]
    [InlineData(0, 0, false)]
    public void More_than_half_missing_is_suspicious(int before, int after, bool isSuspicious) => Assert.Equal(isSuspicious,
        Decide([.. Enumerable.Range(0, before).Select(i => Known($"m{i}"))], [.. Enumerable.Range(0, after).Select(i => Model($"m{i}"))]).IsSuspicious);

    static ModelPrice Night(int end) => new(2, 2) { Overrides = [new PriceOverride(null, 0, end, 1)] };

    static KnownModel Known(string slug, bool isGone = false) => new(Model(slug), isGone);

    static ListedModel Model(string slug) => new(slug, slug, null, 8, null, ["text"], ["text"], [], null, null, new ModelPrice(0.1m, 0.2m));

    static CatalogDifference Decide(KnownModel[] known, ListedModel[] listed, params LeftOutItem[] leftOut) =>
        CompareCatalog.Decide(known.ToDictionary(k => k.Model.Slug), new ModelListing.Listed(listed, leftOut));
}
