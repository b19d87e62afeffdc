// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ModelRegistry} from "./ModelRegistry.sol";
import {NodeRegistry} from "./NodeRegistry.sol";
import {PaymentChannels} from "./PaymentChannels.sol";
import {Rounds} from "./Rounds.sol";
import {StatementReader} from "./StatementReader.sol";
import {Statements} from "./Statements.sol";
import {SumTree} from "./SumTree.sol";
import {TilthToken} from "./TilthToken.sol";

/// @title Where data fees wait and how they are paid: per pool (one for each Datanet) and epoch, two sum trees, the
/// receipts and the payouts that follow from them.
/// @notice An epoch has two steps. First its receipts are anchored, and chance draws what is weighed by whom
/// (`Rounds`); then whoever anchored them proposes its payouts. It posts a bond, and a part of its stake is locked
/// until the epoch is decided. Whoever shows within the window that a receipt is forged, counted twice, foreign or
/// wrongly summed voids the epoch: bond and locked stake are burnt but for the finder's part of the bond. What a
/// contract cannot see, whether payouts follow from the receipts and whether the bundle can be fetched at all, the
/// Datanet's validators answer for: more than a third of their weight against an epoch voids it. Payouts are cumulative
/// over a pool's epochs, so an account that skips claims loses nothing and one that claims twice is paid once. Epoch
/// states: none → pending → final | voided, and voided → pending by a new proposal.
///
/// The bond of a vetoed epoch goes to nobody, so a roster gains nothing by a veto. It is held: if this very epoch
/// becomes final after all, its roster has contradicted itself (or was replaced) and half goes back. Not all of it,
/// because who keeps a bundle back until the veto and gives it out then has stood in everybody's way.
contract AttributionAnchor is StatementReader, Rounds {
    using SafeERC20 for TilthToken;
    using Statements for Statements.Receipt;

    enum State {
        None,
        Pending,
        Final,
        Voided
    }

    enum Tree {
        Receipts,
        Payouts
    }

    struct Pool {
        uint256 deposited;
        uint256 paid;
        uint256 payoutsTotal;
        uint32 epoch;
    }

    /// @param round how often this epoch was proposed: a veto counts against one proposal
    /// @param roster number of the Datanet's roster that answers for this proposal
    /// @param proposedIn block of the proposal
    /// @param vetoed weight of the validators against it
    struct Epoch {
        address proposer;
        uint64 challengeEnds;
        uint32 receiptCount;
        State state;
        uint32 round;
        uint32 roster;
        uint48 proposedIn;
        uint128 vetoed;
        uint256 bond;
        bytes32 receiptsRoot;
        uint256 receiptsTotal;
        bytes32 payoutsRoot;
        uint256 payoutsTotal;
        string bundle;
    }

    struct Proposal {
        bytes32 pool;
        uint32 epoch;
        bytes32 receiptsRoot;
        uint256 receiptsTotal;
        uint32 receiptCount;
        bytes32 payoutsRoot;
        uint256 payoutsTotal;
        string bundle;
    }

    /// @notice The bond of a vetoed proposal, until its epoch is final.
    struct Held {
        address proposer;
        uint256 bond;
    }

    /// @param sum what the leaf states; the receipt's fee if the proposer was honest
    struct ReceiptEvidence {
        Statements.Receipt receipt;
        bytes clientSignature;
        bytes workerSignature;
        uint256 sum;
        SumTree.Proof proof;
    }

    /// @param sum what the node's parent states for it, or the epoch's total for the root
    struct NodeEvidence {
        SumTree.Node left;
        SumTree.Node right;
        uint256 sum;
        SumTree.Proof proof;
    }

    /// @param leafSum what the leaf's hash commits to
    /// @param sum what the leaf's parent states for it
    struct LeafEvidence {
        bytes32 content;
        uint256 leafSum;
        uint256 sum;
        SumTree.Proof proof;
    }

    ModelRegistry public immutable models;
    PaymentChannels public immutable channels;
    /// @notice A bond is at least one in so many of what its proposal could make the pool pay.
    uint256 public constant BOND_PART = 10;

    mapping(bytes32 pool => Pool) private _pools;
    mapping(bytes32 pool => mapping(uint32 epoch => Epoch)) private _epochs;
    mapping(bytes32 pool => mapping(address account => uint256)) public claimedBy;
    /// @notice The last round of an epoch that a validator was against.
    mapping(bytes32 pool => mapping(uint32 epoch => mapping(address validator => uint32))) public vetoOf;

    /// @notice Bonds of vetoed proposals by what they stated (`contentOf`), one for each content: whoever proposes
    /// again what was vetoed, and is vetoed again, loses that bond at once.
    mapping(bytes32 pool => mapping(uint32 epoch => mapping(bytes32 content => Held))) public heldOf;

    event PoolDeposited(bytes32 indexed pool, uint256 amount);
    event EpochProposed(
        bytes32 indexed pool,
        uint32 indexed epoch,
        address indexed proposer,
        uint32 round,
        uint256 bond,
        bytes32 receiptsRoot,
        uint256 receiptsTotal,
        uint32 receiptCount,
        bytes32 payoutsRoot,
        uint256 payoutsTotal,
        string bundle,
        uint64 challengeEnds
    );
    event EpochVoided(
        bytes32 indexed pool, uint32 indexed epoch, address indexed challenger, bytes32 reason, uint256 reward
    );
    event EpochVetoed(
        bytes32 indexed pool, uint32 indexed epoch, address indexed validator, uint32 round, uint128 vetoed
    );
    /// @notice What became of the bond of a vetoed proposal: what its proposer got back, and what was burnt.
    event BondSettled(
        bytes32 indexed pool, uint32 indexed epoch, address indexed proposer, uint256 returned, uint256 burnt
    );
    event EpochFinalized(bytes32 indexed pool, uint32 indexed epoch, uint256 payoutsTotal);
    event PayoutClaimed(bytes32 indexed pool, address indexed account, uint256 amount, uint256 cumulative);

    error ZeroAmount();
    error AlreadyProposed(uint64 challengeEnds);
    error TotalOutOfRange(uint256 least, uint256 most);
    error NotPending();
    error WindowOpen(uint64 challengeEnds);
    error WindowOver();
    error NotInTree();
    error NoFraud();
    error AlreadyVetoed();
    error SameBlock();
    error NothingHeld();
    error NothingFinal(bytes32 pool);
    error NothingToClaim(uint256 claimed);
    error BeyondTotal();

    constructor(
        NodeRegistry registry_,
        ModelRegistry models_,
        PaymentChannels channels_,
        Windows memory windows,
        uint256 bond_
    ) StatementReader(address(registry_)) Rounds(registry_, models_.datanets(), windows, bond_) {
        models = models_;
        channels = channels_;
    }

    /// @notice What a proposer posts: a part of all that the pool would have to pay, because a false epoch can reach
    /// whatever nobody has claimed.
    function bondFor(bytes32 poolId, uint256 payoutsTotal) public view returns (uint256) {
        uint256 paid = _pools[poolId].paid;
        uint256 part = payoutsTotal > paid ? (payoutsTotal - paid) / BOND_PART : 0;
        return part > bond ? part : bond;
    }

    /// @notice What a proposal states, without where its bundle is.
    function contentOf(
        bytes32 receiptsRoot,
        uint256 receiptsTotal,
        uint32 receiptCount,
        bytes32 payoutsRoot,
        uint256 payoutsTotal
    ) public pure returns (bytes32) {
        return keccak256(abi.encode(receiptsRoot, receiptsTotal, receiptCount, payoutsRoot, payoutsTotal));
    }

    /// @notice Adds to a pool. Channels bring the data share of every claim; anyone may bring more.
    function deposit(bytes32 pool, uint256 amount) external nonReentrant {
        if (amount == 0) revert ZeroAmount();
        _pools[pool].deposited += amount;
        emit PoolDeposited(pool, amount);
        token.safeTransferFrom(msg.sender, address(this), amount);
    }

    /// @notice States an epoch's payouts, for the receipts that were anchored. They may not fall below the last final
    /// total, nor exceed what the pool ever got. After a veto anyone may, for a bond of its own.
    /// @dev Not twice in one block: whoever looks at what a block holds finds one proposal of an epoch in it.
    function propose(Proposal calldata p) external nonReentrant {
        Pool storage pool = _pools[p.pool];
        Epoch storage epoch = _epochs[p.pool][p.epoch];
        if (p.epoch != pool.epoch + 1) revert EpochOutOfOrder(pool.epoch + 1);
        if (epoch.state == State.Pending) revert AlreadyProposed(epoch.challengeEnds);
        if (epoch.proposedIn == block.number) revert SameBlock();
        if (p.payoutsTotal < pool.payoutsTotal || p.payoutsTotal > pool.deposited) {
            revert TotalOutOfRange(pool.payoutsTotal, pool.deposited);
        }
        if (p.payoutsRoot == 0 && p.payoutsTotal != 0) revert EmptyTreeWithTotal();
        if (bytes(p.bundle).length == 0 || bytes(p.bundle).length > 100) revert BundleLength();
        uint256 posted = _secured(p);
        _epochs[p.pool][p.epoch] = Epoch({
            proposer: msg.sender,
            challengeEnds: uint64(block.timestamp) + challengeWindow,
            receiptCount: p.receiptCount,
            state: State.Pending,
            round: epoch.round + 1,
            roster: datanets.rosterOf(p.pool),
            proposedIn: uint48(block.number),
            vetoed: 0,
            bond: posted,
            receiptsRoot: p.receiptsRoot,
            receiptsTotal: p.receiptsTotal,
            payoutsRoot: p.payoutsRoot,
            payoutsTotal: p.payoutsTotal,
            bundle: p.bundle
        });
        emit EpochProposed(
            p.pool,
            p.epoch,
            msg.sender,
            epoch.round,
            posted,
            p.receiptsRoot,
            p.receiptsTotal,
            p.receiptCount,
            p.payoutsRoot,
            p.payoutsTotal,
            p.bundle,
            epoch.challengeEnds
        );
    }

    /// @notice Makes an unchallenged epoch final and gives the bond back. Anyone may.
    function finalize(bytes32 poolId, uint32 number) external nonReentrant {
        Epoch storage epoch = _epochs[poolId][number];
        if (epoch.state != State.Pending) revert NotPending();
        if (block.timestamp < epoch.challengeEnds) revert WindowOpen(epoch.challengeEnds);
        epoch.state = State.Final;
        Pool storage pool = _pools[poolId];
        pool.epoch = number;
        pool.payoutsTotal = epoch.payoutsTotal;
        emit EpochFinalized(poolId, number, epoch.payoutsTotal);
        registry.unlock(epoch.proposer, minStake());
        token.safeTransfer(epoch.proposer, epoch.bond);
    }

    /// @notice Decides the bond of a vetoed proposal once its epoch is final: half goes back if the epoch that became
    /// final states the same, else all is burnt. Anyone may.
    function settleBond(bytes32 poolId, uint32 number, bytes32 content) external nonReentrant {
        Epoch storage epoch = _epochs[poolId][number];
        Held memory held = heldOf[poolId][number][content];
        if (held.proposer == address(0) || epoch.state != State.Final) revert NothingHeld();
        delete heldOf[poolId][number][content];
        uint256 returned = content == _contentOf(epoch) ? held.bond / 2 : 0;
        emit BondSettled(poolId, number, held.proposer, returned, held.bond - returned);
        if (returned > 0) token.safeTransfer(held.proposer, returned);
        token.burn(held.bond - returned);
    }

    /// @notice Pays an account what its leaf in the latest final payouts tree adds over what it was paid before. Anyone
    /// may call it; the tokens go to the account's payout address.
    /// @dev A tree of a later epoch may divide the same total otherwise. Bounding what a pool has paid by its final
    /// total keeps one pool from ever paying with another's tokens.
    function claim(bytes32 poolId, address account, uint256 cumulative, SumTree.Proof calldata proof)
        external
        nonReentrant
        returns (uint256 amount)
    {
        Pool storage pool = _pools[poolId];
        if (pool.epoch == 0) revert NothingFinal(poolId);
        SumTree.Node memory leaf = SumTree.Node(SumTree.leaf(keccak256(abi.encode(account)), cumulative), cumulative);
        SumTree.Node memory root = SumTree.Node(_epochs[poolId][pool.epoch].payoutsRoot, pool.payoutsTotal);
        if (!SumTree.contains(root, leaf, proof)) revert NotInTree();
        uint256 claimed = claimedBy[poolId][account];
        if (cumulative <= claimed) revert NothingToClaim(claimed);
        amount = cumulative - claimed;
        if (pool.paid + amount > pool.payoutsTotal) revert BeyondTotal();
        claimedBy[poolId][account] = cumulative;
        pool.paid += amount;
        emit PayoutClaimed(poolId, account, amount, cumulative);
        token.safeTransfer(registry.payoutOf(account), amount);
    }

    // Challenges. Each shows where in a tree the fraud stands; one that shows none is refused.

    /// @notice A receipt that the channel's client or worker did not sign, or whose channel does not exist.
    function challengeSignature(bytes32 pool, uint32 number, ReceiptEvidence calldata e) external nonReentrant {
        Epoch storage epoch = _challengeable(pool, number);
        bytes32 digest = _receiptIn(epoch, e);
        (address client, address worker,) = channels.partiesOf(e.receipt.channel);
        if (_signedBy(digest, e.clientSignature, client) && _signedBy(digest, e.workerSignature, worker)) {
            revert NoFraud();
        }
        _void(pool, number, epoch, "signature");
    }

    /// @notice Two positions with the same channel and sequence number: within the epoch, or in it and a final one.
    function challengeDuplicate(
        bytes32 pool,
        uint32 number,
        ReceiptEvidence calldata e,
        uint32 firstNumber,
        ReceiptEvidence calldata first
    ) external nonReentrant {
        Epoch storage epoch = _challengeable(pool, number);
        _receiptIn(epoch, e);
        Epoch storage firstEpoch = _epochs[pool][firstNumber];
        if (firstNumber != number && firstEpoch.state != State.Final) revert NoFraud();
        _receiptIn(firstEpoch, first);
        bool samePosition = firstNumber == number && e.proof.index == first.proof.index
            && e.proof.siblings.length == first.proof.siblings.length;
        if (
            samePosition || e.receipt.channel != first.receipt.channel
                || e.receipt.sequence != first.receipt.sequence
        ) revert NoFraud();
        _void(pool, number, epoch, "duplicate");
    }

    /// @notice A leaf whose sum is not its receipt's fee.
    function challengeFee(bytes32 pool, uint32 number, ReceiptEvidence calldata e) external nonReentrant {
        Epoch storage epoch = _challengeable(pool, number);
        _receiptIn(epoch, e);
        if (e.sum == e.receipt.fee) revert NoFraud();
        _void(pool, number, epoch, "fee");
    }

    /// @notice A receipt for a model that is not registered, not the channel's, or not of this pool's Datanet.
    function challengeModel(bytes32 pool, uint32 number, ReceiptEvidence calldata e) external nonReentrant {
        Epoch storage epoch = _challengeable(pool, number);
        _receiptIn(epoch, e);
        (address builder,, bytes32 datanet) = models.termsOf(e.receipt.model);
        (,, bytes32 model) = channels.partiesOf(e.receipt.channel);
        if (builder != address(0) && datanet == pool && model == e.receipt.model) revert NoFraud();
        _void(pool, number, epoch, "model");
    }

    /// @notice A node whose children do not add up to the sum stated for it, or of whose children an empty one has a
    /// sum. Of several such nodes on a path the topmost is the one to show: below it the path does not hold.
    function challengeNode(bytes32 pool, uint32 number, Tree tree, NodeEvidence calldata e) external nonReentrant {
        Epoch storage epoch = _challengeable(pool, number);
        SumTree.Node memory node = SumTree.Node(SumTree.parent(e.left, e.right), e.sum);
        if (!SumTree.contains(_root(epoch, tree), node, e.proof)) revert NotInTree();
        bool adds = e.left.sum <= type(uint256).max - e.right.sum && e.left.sum + e.right.sum == e.sum;
        bool empty = (e.left.hash == 0 && e.left.sum != 0) || (e.right.hash == 0 && e.right.sum != 0);
        if (adds && !empty) revert NoFraud();
        _void(pool, number, epoch, "sum");
    }

    /// @notice A leaf whose parent (or the epoch's total, for a tree of one) states another sum than its own.
    function challengeLeaf(bytes32 pool, uint32 number, Tree tree, LeafEvidence calldata e) external nonReentrant {
        Epoch storage epoch = _challengeable(pool, number);
        SumTree.Node memory node = SumTree.Node(SumTree.leaf(e.content, e.leafSum), e.sum);
        if (!SumTree.contains(_root(epoch, tree), node, e.proof)) revert NotInTree();
        if (e.leafSum == e.sum) revert NoFraud();
        _void(pool, number, epoch, "sum");
    }

    /// @notice A staked validator of the pool's Datanet is against a proposal that is pending: what it recomputed
    /// differs, or the bundle is not to be had. With more than a third of the weight, as for a contribution, the epoch
    /// is void.
    /// @param round the proposal that is meant: a word that comes late counts against no other
    function veto(bytes32 pool, uint32 number, uint32 round) external nonReentrant {
        Epoch storage epoch = _challengeable(pool, number);
        if (epoch.round != round) revert AnotherRound(epoch.round);
        uint96 weight = datanets.votingWeightOf(pool, epoch.roster, msg.sender);
        if (weight == 0) revert NotAValidator(msg.sender);
        if (vetoOf[pool][number][msg.sender] == round) revert AlreadyVetoed();
        vetoOf[pool][number][msg.sender] = round;
        epoch.vetoed += weight;
        emit EpochVetoed(pool, number, msg.sender, round, epoch.vetoed);
        if (uint256(epoch.vetoed) * 3 <= datanets.totalWeightOf(pool, epoch.roster)) return;
        epoch.state = State.Voided;
        emit EpochVoided(pool, number, msg.sender, "veto", 0);
        Held storage held = heldOf[pool][number][_contentOf(epoch)];
        bool again = held.proposer != address(0);
        if (again) emit BondSettled(pool, number, epoch.proposer, 0, epoch.bond);
        else (held.proposer, held.bond) = (epoch.proposer, epoch.bond);
        registry.unlock(epoch.proposer, minStake());
        if (again) token.burn(epoch.bond);
    }

    function poolOf(bytes32 pool) external view returns (Pool memory) {
        return _pools[pool];
    }

    function epochOf(bytes32 pool, uint32 number) external view returns (Epoch memory) {
        return _epochs[pool][number];
    }

    function _challengeable(bytes32 pool, uint32 number) private view returns (Epoch storage epoch) {
        epoch = _epochs[pool][number];
        if (epoch.state != State.Pending) revert NotPending();
        if (block.timestamp >= epoch.challengeEnds) revert WindowOver();
    }

    function _root(Epoch storage epoch, Tree tree) private view returns (SumTree.Node memory) {
        return tree == Tree.Receipts
            ? SumTree.Node(epoch.receiptsRoot, epoch.receiptsTotal)
            : SumTree.Node(epoch.payoutsRoot, epoch.payoutsTotal);
    }

    /// @return digest of the receipt that stands in the epoch at the evidence's position with these two signatures
    function _receiptIn(Epoch storage epoch, ReceiptEvidence calldata e) private view returns (bytes32 digest) {
        digest = _digest(e.receipt.hash());
        bytes32 content = keccak256(abi.encode(digest, keccak256(e.clientSignature), keccak256(e.workerSignature)));
        SumTree.Node memory leaf = SumTree.Node(SumTree.leaf(content, e.sum), e.sum);
        if (!SumTree.contains(_root(epoch, Tree.Receipts), leaf, e.proof)) revert NotInTree();
    }

    function _contentOf(Epoch storage epoch) private view returns (bytes32) {
        return contentOf(
            epoch.receiptsRoot, epoch.receiptsTotal, epoch.receiptCount, epoch.payoutsRoot, epoch.payoutsTotal
        );
    }

    /// @dev Stake and bond behind a proposal: those of its round, and what is missing.
    function _secured(Proposal calldata p) private returns (uint256 posted) {
        (uint256 carried, bool locked) = _spend(p.pool, p.epoch, p.receiptsRoot, p.receiptsTotal, p.receiptCount);
        posted = bondFor(p.pool, p.payoutsTotal);
        if (!locked) registry.lock(msg.sender, minStake());
        token.safeTransferFrom(msg.sender, address(this), posted - carried);
    }

    function _next(bytes32 pool) internal view override returns (uint32 epoch, bool pending) {
        epoch = _pools[pool].epoch + 1;
        pending = _epochs[pool][epoch].state == State.Pending;
    }

    /// @dev A fault that was shown costs the bond and the stake behind it. Of the bond the finder's part goes to who
    /// showed it, unless that is the proposer.
    function _void(bytes32 pool, uint32 number, Epoch storage epoch, bytes32 reason) private {
        epoch.state = State.Voided;
        _discard(pool, number);
        uint256 reward = registry.rewardOf(epoch.proposer, msg.sender, epoch.bond);
        emit EpochVoided(pool, number, msg.sender, reason, reward);
        registry.slash(epoch.proposer, minStake(), address(0));
        if (reward > 0) token.safeTransfer(registry.payoutOf(msg.sender), reward);
        token.burn(epoch.bond - reward);
    }
}
