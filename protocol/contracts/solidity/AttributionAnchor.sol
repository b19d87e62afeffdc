// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuard} from "@openzeppelin/contracts/utils/ReentrancyGuard.sol";
import {DatanetRegistry} from "./DatanetRegistry.sol";
import {ModelRegistry} from "./ModelRegistry.sol";
import {NodeRegistry} from "./NodeRegistry.sol";
import {PaymentChannels} from "./PaymentChannels.sol";
import {StatementReader} from "./StatementReader.sol";
import {Statements} from "./Statements.sol";
import {SumTree} from "./SumTree.sol";
import {TilthToken} from "./TilthToken.sol";

/// @title Where data fees wait and how they are paid: per pool (one for each Datanet) and epoch, two sum trees, the
/// receipts and the payouts that follow from them.
/// @notice A staked node proposes an epoch with a bond; whoever shows within the window that a receipt is forged,
/// counted twice, foreign or wrongly summed takes half the bond (the rest is burnt) and voids the epoch. What a
/// contract cannot see, whether payouts follow from the receipts and whether the bundle can be fetched at all, the
/// Datanet's validators answer for: more than a third of their weight against an epoch voids it. Payouts are cumulative
/// over a pool's epochs, so an account that skips claims loses nothing and one that claims twice is paid once. Epoch
/// states: none → pending → final | voided, and voided → pending by a new proposal.
contract AttributionAnchor is StatementReader, ReentrancyGuard {
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
    /// @param vetoed weight of the validators against it
    struct Epoch {
        address proposer;
        uint64 challengeEnds;
        uint32 receiptCount;
        State state;
        uint32 round;
        uint128 vetoed;
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

    NodeRegistry public immutable registry;
    DatanetRegistry public immutable datanets;
    ModelRegistry public immutable models;
    PaymentChannels public immutable channels;
    TilthToken public immutable token;
    uint64 public immutable challengeWindow;
    uint256 public immutable bond;
    uint256 public immutable minStake;

    mapping(bytes32 pool => Pool) private _pools;
    mapping(bytes32 pool => mapping(uint32 epoch => Epoch)) private _epochs;
    mapping(bytes32 pool => mapping(address account => uint256)) public claimedBy;
    /// @notice The last round of an epoch that a validator was against.
    mapping(bytes32 pool => mapping(uint32 epoch => mapping(address validator => uint32))) public vetoOf;

    /// @notice Whose proposal of an epoch was vetoed and who therefore leaves that epoch to others: the bond goes back,
    /// so something else must keep a proposer from standing in everybody's way again and again.
    mapping(bytes32 pool => mapping(uint32 epoch => mapping(address proposer => bool))) public barredFrom;

    event PoolDeposited(bytes32 indexed pool, uint256 amount);
    event EpochProposed(
        bytes32 indexed pool,
        uint32 indexed epoch,
        address indexed proposer,
        bytes32 receiptsRoot,
        uint256 receiptsTotal,
        uint32 receiptCount,
        bytes32 payoutsRoot,
        uint256 payoutsTotal,
        string bundle,
        uint64 challengeEnds
    );
    event EpochVoided(bytes32 indexed pool, uint32 indexed epoch, address indexed challenger, bytes32 reason);
    event EpochVetoed(bytes32 indexed pool, uint32 indexed epoch, address indexed validator, uint128 vetoed);
    event EpochFinalized(bytes32 indexed pool, uint32 indexed epoch, uint256 payoutsTotal);
    event PayoutClaimed(bytes32 indexed pool, address indexed account, uint256 amount, uint256 cumulative);

    error ZeroAmount();
    error NotEnoughStake(uint256 staked);
    error EpochOutOfOrder(uint32 expected);
    error AlreadyProposed(uint64 challengeEnds);
    error TotalOutOfRange(uint256 least, uint256 most);
    error EmptyTreeWithTotal();
    error BundleLength();
    error NotPending();
    error WindowOpen(uint64 challengeEnds);
    error WindowOver();
    error NotInTree();
    error NoFraud();
    error NotAValidator(address validator);
    error AlreadyVetoed();
    error Barred(address proposer);
    error NothingFinal(bytes32 pool);
    error NothingToClaim(uint256 claimed);
    error BeyondTotal();

    constructor(
        NodeRegistry registry_,
        ModelRegistry models_,
        PaymentChannels channels_,
        uint64 challengeWindow_,
        uint256 bond_,
        uint256 minStake_
    ) StatementReader(address(registry_)) {
        registry = registry_;
        models = models_;
        datanets = models_.datanets();
        channels = channels_;
        token = registry_.token();
        challengeWindow = challengeWindow_;
        bond = bond_;
        minStake = minStake_;
    }

    /// @notice Adds to a pool. Channels bring the data share of every claim; anyone may bring more.
    function deposit(bytes32 pool, uint256 amount) external nonReentrant {
        if (amount == 0) revert ZeroAmount();
        _pools[pool].deposited += amount;
        emit PoolDeposited(pool, amount);
        token.safeTransferFrom(msg.sender, address(this), amount);
    }

    /// @notice States an epoch. Its payouts may not fall below the last final total, nor exceed what the pool ever got.
    function propose(Proposal calldata p) external nonReentrant {
        Pool storage pool = _pools[p.pool];
        Epoch storage epoch = _epochs[p.pool][p.epoch];
        if (p.epoch != pool.epoch + 1) revert EpochOutOfOrder(pool.epoch + 1);
        if (epoch.state == State.Pending) revert AlreadyProposed(epoch.challengeEnds);
        if (barredFrom[p.pool][p.epoch][msg.sender]) revert Barred(msg.sender);
        if (registry.stakeOf(msg.sender) < minStake) revert NotEnoughStake(registry.stakeOf(msg.sender));
        if (p.payoutsTotal < pool.payoutsTotal || p.payoutsTotal > pool.deposited) {
            revert TotalOutOfRange(pool.payoutsTotal, pool.deposited);
        }
        if ((p.receiptsRoot == 0 && p.receiptsTotal != 0) || (p.payoutsRoot == 0 && p.payoutsTotal != 0)) {
            revert EmptyTreeWithTotal();
        }
        if (bytes(p.bundle).length == 0 || bytes(p.bundle).length > 100) revert BundleLength();
        uint64 ends = uint64(block.timestamp) + challengeWindow;
        _epochs[p.pool][p.epoch] = Epoch(
            msg.sender,
            ends,
            p.receiptCount,
            State.Pending,
            epoch.round + 1,
            0,
            p.receiptsRoot,
            p.receiptsTotal,
            p.payoutsRoot,
            p.payoutsTotal,
            p.bundle
        );
        emit EpochProposed(
            p.pool,
            p.epoch,
            msg.sender,
            p.receiptsRoot,
            p.receiptsTotal,
            p.receiptCount,
            p.payoutsRoot,
            p.payoutsTotal,
            p.bundle,
            ends
        );
        token.safeTransferFrom(msg.sender, address(this), bond);
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
        token.safeTransfer(epoch.proposer, bond);
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
        (address builder,, bytes32 datanet,,) = models.termsOf(e.receipt.model);
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

    /// @notice A validator of the pool's Datanet is against a pending epoch: what it recomputed differs, or the bundle
    /// is not to be had. With more than a third of the weight, as for a contribution, the epoch is void. The bond goes
    /// back, because a vote is no proof, but the proposer leaves this epoch to others.
    function veto(bytes32 pool, uint32 number) external nonReentrant {
        Epoch storage epoch = _challengeable(pool, number);
        uint96 weight = datanets.weightOf(pool, msg.sender);
        if (weight == 0) revert NotAValidator(msg.sender);
        if (vetoOf[pool][number][msg.sender] == epoch.round) revert AlreadyVetoed();
        vetoOf[pool][number][msg.sender] = epoch.round;
        epoch.vetoed += weight;
        emit EpochVetoed(pool, number, msg.sender, epoch.vetoed);
        if (uint256(epoch.vetoed) * 3 <= datanets.totalWeightOf(pool)) return;
        epoch.state = State.Voided;
        barredFrom[pool][number][epoch.proposer] = true;
        emit EpochVoided(pool, number, msg.sender, "veto");
        token.safeTransfer(epoch.proposer, bond);
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

    function _void(bytes32 pool, uint32 number, Epoch storage epoch, bytes32 reason) private {
        epoch.state = State.Voided;
        emit EpochVoided(pool, number, msg.sender, reason);
        uint256 reward = bond / 2;
        token.safeTransfer(registry.payoutOf(msg.sender), reward);
        token.burn(bond - reward);
    }
}
